using System.Text.RegularExpressions;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Models;

/// <summary>
/// The key names of one family of weight files, as a renaming of a model's own keys. A model that is published under several names has
/// one layout a family; which one a file has is read from its keys.
/// </summary>
public sealed class KeyLayout
{
    private readonly (Regex Pattern, string Replacement)[] _rules;
    private readonly Regex? _unused;
    private readonly Regex? _transposed;

    /// <param name="name">For messages: whose names these are.</param>
    /// <param name="marker">A key that the files of this family hold and those of the model's other families do not.</param>
    /// <param name="rules">
    /// Pattern and replacement, applied in this order to a key of the model. <c>{a|b|c}</c> in the outcome means that the model's tensor is
    /// these tensors of the file, one below the other.
    /// </param>
    /// <param name="unused">Pattern of the file's keys that the model has no use for.</param>
    /// <param name="transposed">Pattern of the file's keys whose matrix lies transposed there.</param>
    /// <param name="pointwise">The family writes a 1×1 convolution as a matrix, or the other way round: trailing sides of 1 do not count.</param>
    public KeyLayout(
        string name, string marker, (string Pattern, string Replacement)[] rules, string? unused = null, string? transposed = null, bool pointwise = false)
    {
        (Name, Marker, Pointwise) = (name, marker, pointwise);
        _rules = [.. rules.Select(rule => (new Regex(rule.Pattern, RegexOptions.CultureInvariant), rule.Replacement))];
        _unused = unused is null ? null : new Regex(unused, RegexOptions.CultureInvariant);
        _transposed = transposed is null ? null : new Regex(transposed, RegexOptions.CultureInvariant);
    }

    /// <summary>The model's own keys.</summary>
    public static KeyLayout Own { get; } = new("Paris", "", []);

    public string Name { get; }

    public string Marker { get; }

    public bool Pointwise { get; }

    /// <summary>The layout of a file: the first whose marker it holds.</summary>
    /// <exception cref="ParisInputException">It holds none of them; the message names them.</exception>
    public static KeyLayout Of(SafetensorsFile file, string model, params ReadOnlySpan<KeyLayout> layouts)
    {
        foreach (var layout in layouts)
        {
            if (file.Contains(layout.Marker))
            {
                return layout;
            }
        }

        var markers = string.Join(" nor ", layouts.ToArray().Select(l => $"'{l.Marker}' ({l.Name})"));
        throw new ParisInputException($"{file.Source} holds no {model}: it has neither {markers}.");
    }

    /// <summary>The file's keys of one of the model's tensors, top to bottom.</summary>
    public string[] Sources(string key)
    {
        foreach (var (pattern, replacement) in _rules)
        {
            key = pattern.Replace(key, replacement);
        }

        var open = key.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            return [key];
        }

        var close = key.IndexOf('}', open);
        return [.. key[(open + 1)..close].Split('|').Select(part => key[..open] + part + key[(close + 1)..])];
    }

    /// <summary>True for a key of the file that the model has no use for.</summary>
    public bool Unused(string source) => _unused?.IsMatch(source) ?? false;

    /// <summary>True for a key of the file whose matrix lies transposed there.</summary>
    public bool Transposed(string source) => _transposed?.IsMatch(source) ?? false;

    /// <summary>True when the file holds every part of the model's tensor <paramref name="key"/>.</summary>
    public bool Contains(SafetensorsFile file, string key) => Array.TrueForAll(Sources(key), file.Contains);

    /// <summary>
    /// The shape of the model's tensor <paramref name="key"/> as the file has it (its parts together, transposed back): what a loader reads
    /// a model's dimensions from.
    /// </summary>
    /// <exception cref="ParisInputException">The file lacks it, or it has another rank.</exception>
    public long[] Shape(SafetensorsFile file, string key, int rank)
    {
        var sources = Sources(key);
        var shape = file[sources[0]].Shape.ToArray();
        if (shape.Length != rank)
        {
            throw new ParisInputException($"{file.Source}: '{sources[0]}' is {file[sources[0]].Spec.ShapeText}; {rank} sides are needed.");
        }

        if (Transposed(sources[0]))
        {
            Array.Reverse(shape);
        }

        shape[0] *= sources.Length;
        return shape;
    }

    /// <summary>How many of 0, 1, 2 … in place of <c>#</c> give a key that the file holds.</summary>
    public int Count(SafetensorsFile file, string key)
    {
        var count = 0;
        while (Contains(file, key.Replace("#", count.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)))
        {
            count++;
        }

        return count;
    }
}
