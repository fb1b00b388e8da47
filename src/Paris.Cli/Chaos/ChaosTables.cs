using System.Globalization;
using Paris.Cli.Output;
using Paris.Core.Rest;
using Spectre.Console;

namespace Paris.Cli.Chaos;

/// <summary>A plan and a report for people.</summary>
internal static class ChaosTables
{
    /// <summary>The fault as people write it: <c>worker-kill</c>.</summary>
    public static string Name(ChaosFault fault) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(fault.ToString());

    public static Table Of(IReadOnlyList<PlannedFault> plan)
    {
        var table = New("#", "at", "fault", "lasts");
        foreach (var fault in plan)
        {
            table.AddRow(Number(fault.Number), Units.Duration(fault.At.TotalSeconds), Name(fault.Fault), fault.Seconds > 0 ? Seconds(fault.Seconds) : "");
        }

        return table;
    }

    public static Table Of(ChaosReport report)
    {
        var table = New("#", "at", "fault", "of", "lasts", "trains again after", "steps lost", "disturbed");
        foreach (var fault in report.Faults)
        {
            table.AddRow(
                Number(fault.Number),
                Units.Duration(fault.At),
                Name(fault.Fault),
                Markup.Escape(fault.Job ?? fault.Silo),
                fault.Seconds > 0 ? Seconds(fault.Seconds) : "",
                fault.Skipped is { } why ? Markup.Escape($"skipped: {why}") : fault.Touched.Count == 0 ? "nobody worked there" : fault.Recovery is { } recovery ? Seconds(recovery) : "not in time",
                Number(fault.StepsLost),
                fault.Disturbed.Count == 0 ? "0" : Markup.Escape(string.Join(", ", fault.Disturbed)));
        }

        return table;
    }

    /// <summary>The sums, one sentence each.</summary>
    public static IEnumerable<string> Lines(ChaosReport report)
    {
        foreach (var kind in report.Summary)
        {
            yield return $"{Name(kind.Fault)}: {kind.Count}, trains again after {Seconds(kind.MedianRecovery)} (median), {Seconds(kind.LongestRecovery)} at most, {kind.StepsLost} steps lost";
        }

        yield return $"checkpoints: {report.CheckpointsSeen} seen, {report.CheckpointsLost.Count} lost";
        yield return $"experts disturbed that no fault touched: {report.Disturbed.Count}";
        yield return string.Create(CultureInfo.InvariantCulture, $"goodput: {Units.Percent(report.Goodput ?? 0)} ({report.Steps} steps in {Units.Duration(report.Seconds)}; undisturbed {report.UndisturbedRate:0.0} steps/s)");
        foreach (var broken in report.Broken)
        {
            yield return $"BROKEN: {broken}";
        }
    }

    private static Table New(params string[] columns)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        foreach (var column in columns)
        {
            table.AddColumn(column);
        }

        return table;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double? value) => value is { } seconds ? $"{seconds.ToString("0.0", CultureInfo.InvariantCulture)} s" : "–";
}
