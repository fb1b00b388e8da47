using Paris.Core.Formats;

namespace Paris.Core.Specs;

/// <summary>The specifications that ship with the product: <c>demo</c> (the main job on Fashion-MNIST) and <c>smoke</c> (the same line in under a minute).</summary>
public static class RunSpecPresets
{
    private const string Prefix = "presets/";

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(RunSpecPresets).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => Path.GetFileNameWithoutExtension(name[Prefix.Length..]))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A preset, with assignments laid over it (see <see cref="RunSpecReader.ReadFile"/>).</summary>
    /// <exception cref="ParisInputException">There is no such preset, or an assignment is not valid.</exception>
    public static LoadedSpec Load(string name, IEnumerable<string>? overrides = null)
        => RunSpecReader.Parse(Text(name), $"preset '{name}'", overrides);

    /// <summary>A preset's YAML, a good start for a specification of one's own.</summary>
    /// <exception cref="ParisInputException">There is no such preset; the message lists them.</exception>
    public static string Text(string name)
    {
        using var stream = typeof(RunSpecPresets).Assembly.GetManifestResourceStream($"{Prefix}{name}.yaml");
        if (stream is null)
        {
            var near = NearestName.Of(name, Names);
            throw new ParisInputException($"There is no preset '{name}'; {(near is null ? "" : $"did you mean '{near}'? ")}presets are {string.Join(", ", Names)}.");
        }

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
