using System.Globalization;
using System.Text.Json;

namespace Paris.Core.Faults;

/// <summary>One fault: where, what, how often, and for whom.</summary>
/// <param name="Point">Where.</param>
/// <param name="Action">What.</param>
/// <param name="Count">How often it happens; null: every time.</param>
/// <param name="Subject">Only for subjects (job keys, silo names) that begin so; empty: for all.</param>
/// <param name="Seconds">Of a <see cref="FaultAction.Delay"/>.</param>
public sealed record FaultRule(FaultPoint Point, FaultAction Action, int? Count = null, string Subject = "", double Seconds = 5)
{
    private static readonly IReadOnlyDictionary<string, FaultPoint> _points = Enum.GetValues<FaultPoint>().ToDictionary(NameOf, StringComparer.Ordinal);

    /// <summary><c>CheckpointBeforeUpload</c> → <c>checkpoint-before-upload</c>.</summary>
    public static string NameOf(FaultPoint point) => JsonNamingPolicy.KebabCaseLower.ConvertName(point.ToString());

    /// <summary>Reads <c>NAME[@SUBJECT]:ACTION[:COUNT]</c>, several separated by commas.</summary>
    /// <exception cref="ParisInputException">A name, an action or a count is none.</exception>
    public static IReadOnlyList<FaultRule> Parse(string text)
        => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ParseOne)];

    /// <summary>What <see cref="Parse"/> reads.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{NameOf(Point)}{(Subject.Length > 0 ? "@" + Subject : "")}:{Action.ToString().ToLowerInvariant()}{(Action == FaultAction.Delay ? $"={Seconds}" : "")}{(Count is { } count ? $":{count}" : "")}");

    private static FaultRule ParseOne(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is < 2 or > 3)
        {
            throw new ParisInputException($"The fault '{text}' is not NAME:ACTION or NAME:ACTION:COUNT, such as head-after-commit:kill:1 or report-lost@demo/expert/3:throw.");
        }

        var (name, subject) = parts[0].Split('@', 2) is [var n, var s] ? (n, s) : (parts[0], "");
        if (!_points.TryGetValue(name, out var point))
        {
            throw new ParisInputException($"There is no fault point '{name}'; there are {string.Join(", ", _points.Keys)}.");
        }

        var (verb, argument) = parts[1].Split('=', 2) is [var v, var a] ? (v, a) : (parts[1], "");
        if (!Enum.TryParse<FaultAction>(verb, ignoreCase: true, out var action) || !Enum.IsDefined(action) || int.TryParse(verb, CultureInfo.InvariantCulture, out _))
        {
            throw new ParisInputException($"The fault '{text}' has the action '{verb}'; there are throw, kill, hang and delay.");
        }

        var seconds = 5.0;
        if (argument.Length > 0 && (action != FaultAction.Delay || !double.TryParse(argument, CultureInfo.InvariantCulture, out seconds) || seconds is not (>= 0 and <= 86_400)))
        {
            throw new ParisInputException($"The fault '{text}' has '={argument}'; only delay takes one, in seconds, such as delay=0.5.");
        }

        int? count = null;
        if (parts.Length == 3)
        {
            count = int.TryParse(parts[2], CultureInfo.InvariantCulture, out var given) && given > 0
                ? given
                : throw new ParisInputException($"The fault '{text}' has the count '{parts[2]}'; write a number from 1, or leave it out for every time.");
        }

        return new FaultRule(point, action, count, subject, seconds);
    }
}
