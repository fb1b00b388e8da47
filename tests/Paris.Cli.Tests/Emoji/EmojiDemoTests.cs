using System.Text.Json;
using Paris.Cli.Emoji;
using Paris.Core.Formats;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Specs.Validation;

namespace Paris.Cli.Tests.Emoji;

public sealed class EmojiDemoTests
{
    private static readonly (string Name, byte[] Rgb)[] _colours = [("red", [220, 30, 30]), ("green", [30, 180, 60]), ("blue", [40, 70, 220]), ("black", [20, 20, 20]), ("yellow", [240, 210, 40])];
    private static readonly string[] _things = ["circle", "square", "bar", "frame", "corner", "cross"];

    [Fact]
    public void The_run_with_the_other_router_differs_in_nothing_that_latents_and_clusters_depend_on()
    {
        var spec = RunSpecPresets.Load(EmojiDemo.Preset).Spec;
        var other = EmojiDemo.WithOtherRouter(spec);

        Assert.Equal(("emoji-router-none", "none"), (other.Name, other.Router.Model.Conditioning));
        Assert.Equal((spec.Seed, spec.Data, spec.Autoencoder, spec.Clustering, spec.Text), (other.Seed, other.Data, other.Autoencoder, other.Clustering, other.Text));
        Assert.Equal(spec.Router.Training, other.Router.Training);
        RunSpecValidator.Check(other.Resolve());
        Assert.Equal(ModelSpec.PooledText, EmojiDemo.WithOtherRouter(other).Router.Model.Conditioning);
    }

    // Slow (about half a minute): the whole demo with real silos, workers and libtorch on thirty drawn pictures, everything tiny.
    [Fact]
    public async Task The_demo_draws_prompts_that_were_held_out_and_compares_the_routers()
    {
        using var sandbox = new Sandbox();
        sandbox.Set("PARIS_WORKER", null);
        sandbox.Set("PARIS_ROOT", sandbox.Folder);
        WritePackages(Path.Combine(sandbox.Folder, "artifacts", "emoji"));

        var run = await Terminal.RunAsync(
        [
            "demo", "emoji", "--store", sandbox.Store, "--out", sandbox.Path("out"), "--port", "0", "--slots", "2", "--json", "--set", "autoencoder.width=8",
            .. Set("autoencoder.training"), .. Set("expert.training"), .. Set("router.training"), "--set", "expert.model.preset=nano",
            "--set", "clustering.clusters=2", "--set", "clustering.fineClusters=6", "--set", "clustering.dimension=4", "--set", "sampling.steps=10",
            "--set", "evaluation.strategies=[top-1, top-2]", "--set", "evaluation.images=70", "--set", "evaluation.grid=9", "--set", "evaluation.classifierPasses=1",
        ]);

        Assert.True(run.ExitCode == 0, $"{run.Error}{run.Out}");
        var report = JsonSerializer.Deserialize<RunReport>(run.Out, RestJson.Wire)!;
        Assert.Equal(["top-1", "top-2"], report.Strategies.Select(s => s.Strategy).Order());
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(sandbox.Path("out"), "prompts.json")));
        var prompts = document.RootElement.GetProperty("prompts").EnumerateArray().ToArray();
        var training = File.ReadAllText(Path.Combine(sandbox.Folder, "artifacts", "emoji", EmojiLists.Training));
        var markdown = File.ReadAllText(Path.Combine(sandbox.Path("out"), "report.md"));
        Assert.NotEmpty(prompts);
        foreach (var prompt in prompts)
        {
            var text = prompt.GetProperty("prompt").GetString()!;
            Assert.DoesNotContain(text.Split(',')[0] + ",", training, StringComparison.Ordinal);
            Assert.Contains($"| {text} |", markdown, StringComparison.Ordinal);

            // The real picture and one a strategy, 64 pixels wide.
            var strip = ImageFile.Read(Path.Combine(sandbox.Path("out"), prompt.GetProperty("pictures").GetString()!));
            Assert.Equal((200, 68), (strip.Width, strip.Height));
        }

        var seen = document.RootElement.GetProperty("seen").EnumerateArray().ToArray();
        Assert.Equal(prompts.Length, seen.Length);
        Assert.All(seen, p => Assert.Contains($"\"caption\":\"{p.GetProperty("prompt").GetString()}\"", training, StringComparison.Ordinal));
        Assert.Equal(["none", "pooled-text"], document.RootElement.GetProperty("routers").EnumerateArray().Select(r => r.GetProperty("conditioning").GetString()));
        Assert.All(document.RootElement.GetProperty("routers").EnumerateArray(), r => Assert.InRange(r.GetProperty("metrics").GetProperty("accuracy.t1.00").GetDouble(), 0, 1));
        Assert.Contains("| pooled-text |", markdown, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Set(string path)
        => ((string[])["steps=4", "batch=4", "emaDecay=0", "checkpointEvery=4", "previewEvery=0"]).SelectMany(x => (string[])["--set", $"{path}.{x}"]);

    private static void WritePackages(string folder)
    {
        string[] groups = ["animals-nature", "food-drink", "people-body", "smileys-emotion", "symbols", "travel-places"];
        EmojiFolder.Name[] names = [.. _colours.SelectMany((colour, i) => _things.Select((thing, j) => new EmojiFolder.Name($"1f{i}{j}0", $"{colour.Name} {thing}", groups[j], "geometric", Noto: $"1f{i}{j}0", Fluent: $"1f{i}{j}0")))];
        EmojiFolder.Write(folder, names);
        foreach (var file in Directory.EnumerateFiles(folder, "1f*.*", SearchOption.AllDirectories))
        {
            var name = Path.GetFileName(file);
            File.WriteAllBytes(file, PngEncoder.Encode(Draw(name[3] - '0', _colours[name[2] - '0'].Rgb, file.EndsWith(".png", StringComparison.Ordinal) ? 10 : 13)));
        }
    }

    private static RasterImage Draw(int thing, byte[] rgb, int radius)
    {
        var image = new RasterImage(32, 32, 4);
        for (var y = 0; y < 32; y++)
        {
            for (var x = 0; x < 32; x++)
            {
                var (dx, dy) = (Math.Abs(x - 16), Math.Abs(y - 16));
                var inside = Math.Max(dx, dy) <= radius && thing switch
                {
                    0 => (dx * dx) + (dy * dy) <= radius * radius,
                    1 => true,
                    2 => dy < 4,
                    3 => Math.Max(dx, dy) > radius - 4,
                    4 => x < 16 && y < 16,
                    _ => Math.Min(dx, dy) < 4,
                };
                if (inside)
                {
                    rgb.CopyTo(image.Row(y)[(x * 4)..]);
                    image.Row(y)[(x * 4) + 3] = 255;
                }
            }
        }

        return image;
    }
}
