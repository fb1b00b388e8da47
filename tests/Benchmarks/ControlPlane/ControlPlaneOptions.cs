using System.Globalization;
using Paris.Core;

namespace Paris.Benchmarks.ControlPlane;

/// <summary>How large a cluster is measured, and for how long.</summary>
internal sealed record ControlPlaneOptions
{
    public int Silos { get; init; } = 64;

    public int Experts { get; init; } = 1000;

    /// <summary>Length of each of the phases that are compared.</summary>
    public int Seconds { get; init; } = 30;

    /// <summary>Seconds before each of them.</summary>
    public int WarmUp { get; init; } = 30;

    public bool Json { get; init; }

    /// <exception cref="ParisInputException">An argument is unknown or no number.</exception>
    public static ControlPlaneOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new ControlPlaneOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "--silos" => options with { Silos = Number() },
                "--experts" => options with { Experts = Number() },
                "--seconds" => options with { Seconds = Number() },
                "--warm-up" => options with { WarmUp = Number() },
                "--json" => options with { Json = true },
                var other => throw new ParisInputException($"'{other}' is no option; use --silos, --experts, --seconds, --warm-up, --json."),
            };

            int Number() => ++i < arguments.Count && int.TryParse(arguments[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? number
                : throw new ParisInputException($"{arguments[Math.Min(i, arguments.Count) - 1]} needs a number from 1.");
        }

        return options;
    }
}
