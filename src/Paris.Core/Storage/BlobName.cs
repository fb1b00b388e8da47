namespace Paris.Core.Storage;

/// <summary>The rules for blob names and run ids, the same for every store.</summary>
public static partial class BlobName
{
    /// <summary>Refuses absolute names, backslashes, control characters and the segments "", "." and "..".</summary>
    /// <exception cref="ParisInputException">The name breaks a rule; the message says which.</exception>
    public static string Check(string name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > 1024)
        {
            throw new ParisInputException($"Blob name '{name}' is empty or longer than 1024 characters.");
        }

        if (name.AsSpan().ContainsAny('\\', '\0') || name.Any(char.IsControl))
        {
            throw new ParisInputException($"Blob name '{name}' holds a backslash or a control character; separate with '/'.");
        }

        foreach (var segment in name.Split('/'))
        {
            if (segment is "" or "." or "..")
            {
                throw new ParisInputException($"Blob name '{name}' has the segment '{segment}'; names are relative and every segment is a plain name.");
            }
        }

        return name;
    }

    /// <summary>Checks the beginning of a name: its whole segments as in <see cref="Check"/>, the last one as far as it goes.</summary>
    /// <exception cref="ParisInputException">No name can begin so.</exception>
    public static string CheckPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var folder = prefix.LastIndexOf('/');
        if (folder >= 0)
        {
            Check(prefix[..folder]);
        }

        var last = prefix[(folder + 1)..];
        if (last.Length > 0 && last is not ("." or ".."))
        {
            Check(last);
        }

        return prefix;
    }

    /// <summary>Refuses what is no run id.</summary>
    /// <exception cref="ParisInputException">The id does not match <c>^[a-z0-9](-?[a-z0-9]){0,62}$</c>.</exception>
    public static string CheckRunId(string run) => RunId().IsMatch(run)
        ? run
        : throw new ParisInputException($"'{run}' is not a run name; use 1 to 63 lower-case letters and digits, with single hyphens between them.");

    [System.Text.RegularExpressions.GeneratedRegex("^[a-z0-9](-?[a-z0-9]){0,62}\\z")]
    private static partial System.Text.RegularExpressions.Regex RunId();
}
