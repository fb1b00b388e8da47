using System.Text.Json;
using Paris.Core.Specs.Validation;

namespace Paris.Core.Specs;

/// <summary>A valid specification with its presets filled in, and what its author should know.</summary>
public sealed record LoadedSpec(RunSpec Spec, IReadOnlyList<string> Warnings);

/// <summary>
/// Reads specifications. YAML and JSON go the same way: text → nodes with line numbers → typed JSON → records → presets filled in →
/// validators. Every mistake is one sentence that names the file, the line and the key.
/// </summary>
public static class RunSpecReader
{
    /// <summary>Reads a file; JSON if its name ends in <c>.json</c>, else YAML.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overrides">Assignments such as <c>expert.training.steps=200</c> or <c>evaluation.strategies=[top-1, full]</c>, laid over the file.</param>
    /// <exception cref="ParisInputException">The file cannot be read or is not valid.</exception>
    public static LoadedSpec ReadFile(string path, IEnumerable<string>? overrides = null)
    {
        string text;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > 4L * SpecText.MaxCharacters } file)
            {
                throw new ParisInputException($"{path} has {file.Length} bytes; a specification has at most {SpecText.MaxCharacters} characters.");
            }

            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ParisInputException($"There is no file '{path}'.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ParisInputException($"The file '{path}' may not be read, or is a folder.", e);
        }

        return Parse(text, path, overrides);
    }

    /// <summary>Reads YAML or JSON text (JSON where it begins with '{').</summary>
    /// <param name="text">The specification.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <param name="overrides">See <see cref="ReadFile"/>.</param>
    /// <exception cref="ParisInputException">The text is not valid.</exception>
    public static LoadedSpec Parse(string text, string source = "the specification", IEnumerable<string>? overrides = null)
    {
        var node = SpecText.Read(text, source);
        foreach (var assignment in overrides ?? [])
        {
            var over = ReadAssignment(assignment);
            node = node is SpecMap map ? map.With(over) : over;
        }

        if (node is SpecMap root)
        {
            node = root with { Entries = [.. root.Entries.Where(entry => entry.Key != RunSpecSchema.Key)] }; // for editors
        }

        var binder = new SpecBinder();
        var json = binder.Bind(node, typeof(RunSpec));
        RunSpec spec;
        try
        {
            spec = json.Deserialize<RunSpec>(RunSpecJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new ParisInputException($"{source}: {e.Message.ReplaceLineEndings(" ")}", e);
        }

        var findings = new SpecFindings();
        spec = RunSpecValidator.ResolveAndValidate(spec, findings);
        if (findings.Errors is [var first, ..])
        {
            var place = binder.Place(first.Path);
            throw new ParisInputException($"{(place.Length > 0 ? place : source)}: {first.Message}");
        }

        return new LoadedSpec(spec, [.. findings.Warnings.Select(warning => warning.Message)]);
    }

    private static SpecMap ReadAssignment(string assignment)
    {
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        var where = $"'{assignment}'";
        var keys = equals > 0 ? assignment[..equals].Trim().Split('.') : [];
        if (keys.Length == 0 || keys.Contains(""))
        {
            throw new ParisInputException($"{where} is no assignment; write it like 'expert.training.steps=200'.");
        }

        var value = assignment[(equals + 1)..].Trim();
        var node = value.Length == 0 ? new SpecScalar(where, "", Quoted: false) : SpecText.ReadYaml(value, where);
        for (var i = keys.Length - 1; i >= 0; i--)
        {
            node = new SpecMap(where, [new SpecEntry(keys[i], where, node)]);
        }

        return (SpecMap)node;
    }
}
