using Paris.Core;

namespace Paris.Training.Data;

/// <summary>Turns the paths of a spec into paths of this machine and keeps them below the allowed folders.</summary>
public static class SourcePath
{
    /// <summary>The absolute path behind <paramref name="value"/> (a path or a <c>file:</c> URI), with every symbolic link resolved.</summary>
    /// <param name="value">What the spec says.</param>
    /// <param name="key">The spec's key, for the message.</param>
    /// <param name="roots">Folders that may be read; null: all that this user may.</param>
    /// <exception cref="ParisInputException">Nothing is there, the scheme is unknown, or it lies outside the allowed folders.</exception>
    public static string Resolve(string value, string key, IReadOnlyList<string>? roots)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new ParisInputException($"{key} is empty; name a file or folder of images.");
        }

        var path = value;
        if (value.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            path = value.StartsWith("file://", StringComparison.OrdinalIgnoreCase) && Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.IsFile
                ? uri.LocalPath
                : value["file:".Length..];
        }
        else if (value.Contains("://", StringComparison.Ordinal))
        {
            throw new ParisInputException($"{key} '{value}' has a scheme this build cannot read; use a path or a file: URI.");
        }

        var full = Path.GetFullPath(path);
        if (!File.Exists(full) && !Directory.Exists(full))
        {
            throw new ParisInputException($"{key}: there is no file or folder '{path}'.");
        }

        // What is allowed is decided after links are resolved, so that a link cannot lead out of a root.
        var real = RealPath(full);
        if (roots is not null && !roots.Any(root => IsBelow(real, RealPath(Path.GetFullPath(root)))))
        {
            throw new ParisInputException($"{key} '{path}' lies outside the allowed source folders ({(roots.Count == 0 ? "none is" : string.Join(", ", roots))}); move the data there or allow its folder (the silo's setting SourceRoots).");
        }

        return real;
    }

    private static bool IsBelow(string path, string root)
        => path == root || path.StartsWith(root.EndsWith('/') ? root : root + "/", StringComparison.Ordinal);

    private static string RealPath(string full, int depth = 0)
    {
        var resolved = Path.GetPathRoot(full)!;
        foreach (var part in full[resolved.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(resolved, part);
            FileSystemInfo info = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            if (info.LinkTarget is { } target)
            {
                if (depth > 40)
                {
                    throw new ParisInputException($"'{full}' is a circle of symbolic links.");
                }

                next = RealPath(Path.GetFullPath(target, resolved), depth + 1);
            }

            resolved = next;
        }

        return resolved;
    }
}
