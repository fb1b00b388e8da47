using System.Text.Json;
using Paris.Core.Formats;
using Paris.Core.Random;
using Paris.Core.Rest;

namespace Paris.Cli.Tests;

/// <summary><c>paris ingest</c> from the command line to the clusters, with real silos, workers and libtorch.</summary>
public sealed class IngestTests
{
    private const int Count = 40;

    // Slow (tens of seconds): the data of a run and then its training, each job a process.
    [Fact]
    public async Task It_makes_the_data_tells_what_became_of_them_and_trains_when_asked()
    {
        using var sandbox = new Sandbox();
        WritePictures(sandbox);
        var spec = sandbox.Write("run.yaml", $$"""
            name: shapes
            data: { kind: folder, images: "{{sandbox.Path("pictures")}}", imageSize: 16, channels: 3, parts: 2, shardSamples: 16, nearDuplicates: drop }
            clustering: { clusters: 2, fineClusters: 4, dimension: 8, iterations: 4, restarts: 1 }
            expert: { model: { hidden: 16, layers: 1, heads: 2 }, training: { steps: 4, batch: 8, previewEvery: 0 } }
            router: { model: { hidden: 16, layers: 1, heads: 2 }, training: { steps: 4, batch: 8 } }
            evaluation: { strategies: [] }
            """);
        await using var up = await RunningUp.StartAsync(sandbox);
        Assert.Contains("--wait", await Terminal.RefusedAsync("ingest", "-f", spec, "--bad-files", "x"), StringComparison.Ordinal);
        var list = sandbox.Path("bad.jsonl");
        var ingest = await Terminal.RunAsync(["ingest", "-f", spec, "--wait", "--bad-files", list, "--json"]);
        Assert.True(ingest.ExitCode == 0, ingest.Error + ingest.Out);
        var summary = JsonDocument.Parse(ingest.Out).RootElement;
        long Of(string name) => summary.GetProperty(name).GetInt64();
        Assert.Equal((Count, 2, 1, 5, Count - 5), (Of("images"), Of("badFiles"), Of("duplicates"), Of("nearDuplicates"), Of("clustered")));
        Assert.Equal(Count - 5, summary.GetProperty("clusters").EnumerateArray().Sum(x => x.GetInt64()));
        Assert.True(summary.GetProperty("imagesPerSecondCore").GetDouble() > 0);
        Assert.Equal(1, summary.GetProperty("work").EnumerateArray().Sum(x => x.GetProperty("share").GetDouble()), 6);
        Assert.Contains("decode png", summary.GetProperty("work").EnumerateArray().Select(x => x.GetProperty("work").GetString()));
        Assert.Equal(["broken-0.png", "broken-1.jpg"], File.ReadAllLines(list).Select(x => JsonDocument.Parse(x).RootElement.GetProperty("name").GetString()));

        // Nothing trains, and asking again changes nothing.
        var view = await ViewAsync();
        Assert.Equal(("paused", "data ready; 'paris resume shapes' trains"), (view.State, view.Phase));
        Assert.All(view.Jobs.Where(x => x.Kind is "expert" or "router"), x => Assert.Equal(("waiting", 0), (x.State, x.Epoch)));
        var again = await Terminal.RunAsync(["ingest", "-f", spec, "--wait"]);
        Assert.True(again.ExitCode == 0, again.Error + again.Out);
        foreach (var told in new[] { "near-duplicates", "largest cluster", "decode png", "skipped: broken-1.jpg", "paris resume shapes" })
        {
            Assert.Contains(told, again.Out, StringComparison.Ordinal);
        }

        Assert.Equal("paused", (await ViewAsync()).State);
        var trained = await Terminal.RunAsync(["train", "-f", spec, "--wait"]);
        Assert.True(trained.ExitCode == 0, trained.Error + trained.Out);
        view = await ViewAsync();
        Assert.Equal("completed", view.State);
        Assert.All(view.Jobs, x => Assert.Equal(1, x.Epoch));

        async Task<RunView> ViewAsync()
        {
            var run = await Terminal.RunAsync(["status", "shapes", "--json"]);
            Assert.True(run.ExitCode == 0, run.Error + run.Out);
            return JsonSerializer.Deserialize<RunView>(run.Out, RestJson.Wire)!;
        }
    }

    /// <summary>35 pictures of noise, four of them shaken a little, one as it is, and two files that are no pictures.</summary>
    private static void WritePictures(Sandbox sandbox)
    {
        var folder = Directory.CreateDirectory(sandbox.Path("pictures")).FullName;
        for (var i = 0; i < Count; i++)
        {
            var source = i < 35 ? i : i - 35;
            var pixels = new float[16 * 16 * 3];
            new PhiloxKey(7, RandomPurpose.Simulation, source).FillUniform(pixels);
            var image = new RasterImage(16, 16, 3);
            for (var p = 0; p < pixels.Length; p++)
            {
                image.Pixels[p] = (byte)(30 + (190 * pixels[p]) + (i > 35 ? (p + i) % 5 : 0));
            }

            File.WriteAllBytes(Path.Combine(folder, $"image-{i:D2}.png"), PngEncoder.Encode(image));
        }

        File.WriteAllBytes(Path.Combine(folder, "broken-0.png"), [1, 2, 3]);
        File.WriteAllBytes(Path.Combine(folder, "broken-1.jpg"), [0xff, 0xd8, 0xff, 0xe0, 0, 16]);
    }
}
