using System.Globalization;
using Spectre.Console;

namespace Paris.Cli.Output;

/// <summary>What became of a run's images, as a table.</summary>
internal static class IngestTable
{
    public static Table Of(IngestSummary summary)
    {
        string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("images");
        table.AddColumn(new TableColumn(Count(summary.Images)).RightAligned());
        void Row(string what, string value) => table.AddRow(Markup.Escape(what), Markup.Escape(value));
        if (summary.HeldOut > 0)
        {
            Row("held out", Count(summary.HeldOut));
        }

        Row("captions", Count(summary.Captions));
        Row("bad files, skipped", Count(summary.BadFiles));
        Row("exact duplicates", Count(summary.Duplicates));
        Row("near-duplicates", summary.NearDuplicates is { } near ? Count(near) : "not looked for (data.nearDuplicates)");
        Row("in clusters", Count(summary.Clustered));
        Row("clusters", string.Join(" ", summary.Clusters.Select(Count)));
        Row("largest cluster", Units.Percent(summary.LargestShare));
        if (summary.Purity is { } purity)
        {
            Row("purity", Units.Percent(purity));
        }

        Row("images/s of one core", summary.ImagesPerSecondCore.ToString("N1", CultureInfo.InvariantCulture));
        foreach (var work in summary.Work)
        {
            Row($"  {work.Work}", $"{Units.Percent(work.Share)}  {work.Seconds.ToString("N2", CultureInfo.InvariantCulture)} s");
        }

        return table;
    }
}
