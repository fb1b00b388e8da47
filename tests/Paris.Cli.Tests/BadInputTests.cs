using System.Text;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Cli.Tests;

/// <summary>Wrong input to runs: each a line that says what would be right, exit code 2, and no run left behind.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task A_spec_that_is_not_there()
    {
        using var sandbox = new Sandbox();
        Assert.Contains("none.yaml", await Terminal.RefusedAsync("train", "-f", sandbox.Path("none.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_key_is_told_with_the_nearest_known_one()
    {
        using var sandbox = new Sandbox();
        var file = sandbox.Write("run.yaml", RunSpecPresets.Text("smoke").Replace("seed: 42", "sed: 42", StringComparison.Ordinal));
        var line = await Terminal.RefusedAsync("train", "-f", file);

        Assert.Contains("'sed'", line, StringComparison.Ordinal);
        Assert.Contains("'seed'", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data.imageSize=30", "30")]
    [InlineData("clustering.clusters=0", "clusters")]
    [InlineData("expert.training.steps=none", "steps")]
    [InlineData("evaluation.strategies=[best-of-all]", "best-of-all")]
    public async Task A_value_out_of_its_range(string assignment, string named)
    {
        using var sandbox = new Sandbox();
        Assert.Contains(named, await Terminal.RefusedAsync("demo", "--preset", "smoke", "--set", assignment, "--store", sandbox.Store), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(sandbox.Store, "runs")));
    }

    [Fact]
    public async Task A_preset_that_does_not_exist()
    {
        using var sandbox = new Sandbox();
        Assert.Contains("smoke", await Terminal.RefusedAsync("demo", "--preset", "smog", "--store", sandbox.Store), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_data_folder()
    {
        using var sandbox = new Sandbox();
        var line = await Smoke(sandbox, $"data.images={sandbox.Path("none")}");

        Assert.Contains(sandbox.Path("none"), line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_IDX_file()
    {
        using var sandbox = new Sandbox();
        File.WriteAllBytes(sandbox.Path("images"), [0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3]);
        var line = await Smoke(sandbox, $"data.images={sandbox.Path("images")}");

        Assert.Contains(sandbox.Path("images"), line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PNG_that_is_not_one()
    {
        using var sandbox = new Sandbox();
        Directory.CreateDirectory(sandbox.Path("pictures"));
        sandbox.Write("pictures/cat.png", "not a picture");
        var line = await Smoke(sandbox, "data.kind=folder", $"data.images={sandbox.Path("pictures")}", "data.labels=null", "data.testImages=null", "data.testLabels=null", "data.classes=[]");

        Assert.Contains("cat.png", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_clusters_than_samples()
    {
        using var sandbox = new Sandbox();
        var line = await Smoke(sandbox, "data.limit=20", "clustering.clusters=21", "clustering.fineClusters=21");

        Assert.Contains("21", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_cannot_be_written()
    {
        using var sandbox = new Sandbox();
        var file = sandbox.Write("file", "in the way");
        var line = await Terminal.RefusedAsync("demo", "--preset", "smoke", "--store", Path.Combine(file, "store"), "--out", sandbox.Path("out"));

        Assert.Contains("cannot be written", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_folder_that_cannot_be_written()
    {
        using var sandbox = new Sandbox();
        var file = sandbox.Write("file", "in the way");
        var line = await Terminal.RefusedAsync("demo", "--preset", "smoke", "--store", sandbox.Store, "--out", Path.Combine(file, "out"));

        Assert.Contains("--out", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_existing_run_with_another_spec()
    {
        using var sandbox = new Sandbox();
        var other = RunSpecPresets.Load("smoke", ["seed=43"]).Spec;
        await new LocalBlobStore(sandbox.Store, TimeProvider.System).PutAsync("runs/smoke/spec.json", RunSpecJson.Serialize(other), PutCondition.Absent);
        var line = await Smoke(sandbox);

        Assert.Contains("another spec", line, StringComparison.Ordinal);
        var kept = await new LocalBlobStore(sandbox.Store, TimeProvider.System).GetAsync("runs/smoke/spec.json");
        Assert.Equal(Encoding.UTF8.GetString(RunSpecJson.Serialize(other)), Encoding.UTF8.GetString(kept!.Bytes));
    }

    [Fact]
    public async Task A_second_gateway_on_one_store()
    {
        await using var gateway = await Gateway.Tests.TestGateway.StartAsync();
        using var sandbox = new Sandbox();
        Assert.Contains("already serves", await Terminal.RefusedAsync("up", "--store", gateway.Folder), StringComparison.Ordinal);
        Assert.Contains("--fresh", await Terminal.RefusedAsync("demo", "--fresh", "--store", gateway.Folder), StringComparison.Ordinal);
    }

    private static Task<string> Smoke(Sandbox sandbox, params string[] assignments)
        => Terminal.RefusedAsync([
            "demo", "--preset", "smoke", "--store", sandbox.Store, "--out", sandbox.Path("out"), "--port", "0",
            .. assignments.SelectMany(a => new[] { "--set", a }),
        ]);
}
