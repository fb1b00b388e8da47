using System.Globalization;
using System.Text;
using System.Text.Json;
using Paris.Cli.Client;
using Paris.Core.Formats;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Cli.Emoji;

/// <summary>
/// What the emoji demo adds to a run's report: the held-out prompts drawn by every strategy beside the real pictures (<c>prompts.png</c>, a
/// strip a prompt, <c>prompts.json</c>, a section of <c>report.md</c>), as many that were trained on (<c>seen.png</c>), and the two kinds of router beside each other.
/// </summary>
internal sealed class EmojiReport(GatewayClient client, RunSpec spec, string dataFolder)
{
    private const int Blocks = 3;

    private readonly string[] _strategies = [.. spec.Evaluation.Strategies.Where(s => s != StrategyNames.Twin)];

    /// <summary>Draws and writes.</summary>
    /// <param name="demo">The prompts, held out and trained on.</param>
    /// <param name="routers">The report of the run by the kind of its router.</param>
    /// <param name="folder">Where report.md is.</param>
    /// <param name="cancellationToken">Stops between two pictures.</param>
    public async Task WriteAsync(EmojiDemo demo, IReadOnlyList<(string Kind, RunReport Report)> routers, string folder, CancellationToken cancellationToken)
    {
        var order = string.Join(", ", _strategies.Prepend("real"));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"\n## Held-out prompts\n\nNobody trained on these {demo.HeldOut.Count} emoji, in any style; every word of a prompt occurs in captions of others. From left to right: {order}; guidance {spec.Sampling.GuidanceScale}. Nothing is picked. *cluster-first* draws its cluster without looking at the prompt: here it is the control.\n\n");
        await SectionAsync("held-out", "prompts", demo.HeldOut, order, folder, text, cancellationToken);
        text.Append(CultureInfo.InvariantCulture, $"\n## Prompts trained on\n\n{demo.Seen.Count} captions of training pictures, evenly spaced over the list, in the same order.\n\n");
        await SectionAsync("seen", "seen", demo.Seen, order, folder, text, cancellationToken);
        text.Append(Routers(routers));
        await File.AppendAllTextAsync(Path.Combine(folder, "report.md"), text.ToString(), cancellationToken);
        var document = new
        {
            prompts = Entries("prompts", demo.HeldOut),
            seen = Entries("seen", demo.Seen),
            order = (string[])["real", .. _strategies],
            guidance = spec.Sampling.GuidanceScale,
            routers = routers.Select(r => new { conditioning = r.Kind, metrics = RouterMetrics(r.Report) }),
        };
        await File.WriteAllBytesAsync(Path.Combine(folder, "prompts.json"), JsonSerializer.SerializeToUtf8Bytes(document, RestJson.Indented), cancellationToken);
    }

    private static IEnumerable<object> Entries(string name, IReadOnlyList<EmojiPrompt> prompts)
        => prompts.Select((p, i) => new { prompt = p.Text, real = p.Image, pictures = Strip(name, i) });

    private static string Strip(string name, int i) => string.Create(CultureInfo.InvariantCulture, $"{name}/{i:00}.png");

    /// <summary>One sheet of all prompts, and a strip and a line of the table for each.</summary>
    private async Task SectionAsync(string id, string name, IReadOnlyList<EmojiPrompt> prompts, string order, string folder, StringBuilder text, CancellationToken cancellationToken)
    {
        var drawn = new List<IReadOnlyList<RasterImage>>();
        foreach (var strategy in _strategies)
        {
            drawn.Add(await DrawAsync($"{id}-{strategy}", strategy, prompts, cancellationToken));
        }

        Directory.CreateDirectory(Path.Combine(folder, name));
        text.Append(CultureInfo.InvariantCulture, $"![{name}]({name}.png)\n\n| prompt | {order} |\n|---|---|\n");
        var rows = new List<IReadOnlyList<RasterImage>>();
        for (var i = 0; i < prompts.Count; i++)
        {
            var real = ImageFile.Read(Path.Combine(dataFolder, prompts[i].Image));
            rows.Add([PromptSheet.Real(real, spec.Data.ImageSize, drawn[0][i].Width), .. drawn.Select(d => d[i])]);
            await File.WriteAllBytesAsync(Path.Combine(folder, Strip(name, i)), PngEncoder.Encode(PromptSheet.Compose([rows[i]])), cancellationToken);
            text.Append(CultureInfo.InvariantCulture, $"| {prompts[i].Text} | ![{prompts[i].Text}]({Strip(name, i)}) |\n");
        }

        await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), PngEncoder.Encode(PromptSheet.Compose(rows, Blocks)), cancellationToken);
    }

    /// <summary>How often a caption and pure noise lead to the caption's cluster, by the kind of router, for people.</summary>
    public static string Routers(IReadOnlyList<(string Kind, RunReport Report)> routers)
    {
        var text = new StringBuilder("\n## Prompt to cluster\n\nHow often the router sends a caption to its picture's cluster, by the noise level t (at t = 1 it sees the caption and pure noise). Both routers saw the same latents and clusters.\n\n");
        text.Append("| `router.model.conditioning` | ").AppendJoin(" | ", routers[0].Report.Router!.Accuracy.Select(a => string.Create(CultureInfo.InvariantCulture, $"t = {a.T:0.##}"))).Append(" |\n|---|");
        text.Insert(text.Length, "---:|", routers[0].Report.Router!.Accuracy.Count).Append('\n');
        foreach (var (kind, report) in routers)
        {
            text.Append("| ").Append(kind).Append(" | ").AppendJoin(" | ", report.Router!.Accuracy.Select(a => a.Accuracy.ToString("0.00", CultureInfo.InvariantCulture))).Append(" |\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"\nThe largest cluster holds {routers[0].Report.ClusterShares.Max():0.00} of the pictures: what always guessing it would reach.\n").ToString();
    }

    private static IReadOnlyDictionary<string, double> RouterMetrics(RunReport report)
        => report.Jobs.FirstOrDefault(j => j.Job == "router")?.Metrics ?? new Dictionary<string, double>();

    private async Task<IReadOnlyList<RasterImage>> DrawAsync(string id, string strategy, IReadOnlyList<EmojiPrompt> prompts, CancellationToken cancellationToken)
    {
        var request = new SampleRequest { Id = id, Strategy = strategy, Count = prompts.Count, Prompts = [.. prompts.Select(p => p.Text)] };
        var sample = await client.SampleAsync(spec.Name, request, cancellationToken);
        while (sample.State is not ("completed" or "failed" or "quarantined" or "cancelled"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
            sample = await client.GetSampleAsync(spec.Name, sample.Id, cancellationToken);
        }

        var grid = sample.Pictures.FirstOrDefault(p => p.Contains("grid", StringComparison.Ordinal));
        return sample.State == "completed" && grid is not null
            ? PromptSheet.Cut(ImageFile.Decode(await client.GetBlobAsync(spec.Name, grid, cancellationToken), grid), prompts.Count)
            : throw new GatewayException($"drawing '{id}' {sample.State}: {sample.Message}", "failed", 500);
    }
}
