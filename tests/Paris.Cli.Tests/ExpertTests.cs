using System.Text.Json;
using Paris.Core.Rest;

namespace Paris.Cli.Tests;

/// <summary>Experts of a trained run are added and removed from the command line, with real silos, workers and libtorch.</summary>
public sealed class ExpertTests
{
    // Slow (about a minute on a quiet machine): a whole run has to be trained before its ensemble can be changed.
    [Fact]
    public async Task An_ensemble_of_four_becomes_five_and_the_four_keep_their_weights()
    {
        using var sandbox = new Sandbox();
        await using var up = await RunningUp.StartAsync(sandbox);
        string[] small = ["clustering.clusters=4", "data.limit=600", "expert.training.steps=12", "router.training.steps=12", "evaluation.images=32", "sampling.steps=4"];
        var demo = await Terminal.RunAsync(["demo", "--preset", "smoke", "--out", sandbox.Path("report"), .. small.SelectMany(x => (string[])["--set", x])]);
        Assert.True(demo.ExitCode == 0, demo.Error + demo.Out);

        Assert.Contains("no expert 9", await Terminal.RefusedAsync("expert", "add", "smoke", "--split", "9"), StringComparison.Ordinal);
        Assert.Contains("nothing to take back", await Terminal.RefusedAsync("expert", "undo", "smoke"), StringComparison.Ordinal);
        Assert.Contains("There is no run 'nobody'", await Terminal.RefusedAsync("expert", "remove", "nobody", "0"), StringComparison.Ordinal);

        var before = await ViewAsync("experts", "smoke");
        var after = await ViewAsync("expert", "add", "smoke", "--split", "2");
        Assert.Equal((1, 4, 2, 5), (before.Revision, before.Experts.Count, after.Revision, after.Experts.Count));
        Assert.All(before.Experts, x => Assert.True(x.Weights is { Length: 64 } && x.Model is { Length: 64 }));
        Assert.Equal(before.Experts.Select(x => (x.Expert, x.Weights, x.Model)), after.Experts.Take(4).Select(x => (x.Expert, x.Weights, x.Model)));
        Assert.Equal((4, 2), (after.Experts[4].Expert, after.Experts[4].Since));
        Assert.Equal(before.Experts[2].Samples, after.Experts[2].Samples + after.Experts[4].Samples);
        Assert.Equal((2, "head"), (after.Router!.Since, after.Router.Refit));
        Assert.NotEqual(before.Router!.Model, after.Router.Model);
        Assert.Equal(["cluster-first", "top-1", "top-2"], after.Scores.Where(x => x.Revision == 2).Select(x => x.Strategy).Order());

        // A gap, and back again.
        var removed = await Terminal.RunAsync(["expert", "remove", "smoke", "1", "--router", "whole"]);
        Assert.True(removed.ExitCode == 0, removed.Error + removed.Out);
        Assert.Contains("before (revision 2)", removed.Out, StringComparison.Ordinal);
        Assert.Contains("unchanged", removed.Out, StringComparison.Ordinal);
        Assert.Equal([0, 2, 3, 4], (await ViewAsync("experts", "smoke")).Experts.Select(x => x.Expert));
        var sample = await Terminal.RunAsync(["sample", "smoke", "--strategy", "full", "--count", "4", "--out", sandbox.Path("pictures")]);
        Assert.True(sample.ExitCode == 0, sample.Error + sample.Out);
        Assert.Equal(after.Experts, (await ViewAsync("expert", "undo", "smoke")).Experts);
    }

    private static async Task<EnsembleView> ViewAsync(params string[] arguments)
    {
        var run = await Terminal.RunAsync([.. arguments, "--json"]);
        Assert.True(run.ExitCode == 0, run.Error + run.Out);
        return JsonSerializer.Deserialize<EnsembleView>(run.Out, RestJson.Wire)!;
    }
}
