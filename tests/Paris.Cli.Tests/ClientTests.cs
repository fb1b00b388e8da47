using System.Text.Json;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Gateway.Tests;

namespace Paris.Cli.Tests;

/// <summary>Commands that are clients of a running gateway.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task Runs_status_and_control_find_the_gateway_by_its_store()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var sandbox = new Sandbox();

        Assert.Contains("demo", (await Terminal.RunAsync(["runs", "--store", gateway.Folder])).Out, StringComparison.Ordinal);
        var status = await Terminal.RunAsync(["status", "--store", gateway.Folder]);
        Assert.Contains("expert 0", status.Out, StringComparison.Ordinal);
        Assert.Contains("cpu-0", status.Out, StringComparison.Ordinal);
        Assert.Matches("cpu-1 .*CPU share.*free", status.Out);
        foreach (var verb in new[] { "pause", "resume", "cancel" })
        {
            Assert.Equal(0, (await Terminal.RunAsync([verb, "demo", "--store", gateway.Folder])).ExitCode);
        }

        Assert.Equal(["paused demo", "running demo", "cancelled demo"], gateway.Runs.Calls);
    }

    [Fact]
    public async Task The_environment_names_a_gateway_too_and_a_wrong_token_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var sandbox = new Sandbox();
        sandbox.Set("PARIS_URL", gateway.Address.Url);
        sandbox.Set("PARIS_TOKEN", "wrong");

        Assert.Equal(0, (await Terminal.RunAsync(["runs"])).ExitCode);
        Assert.Contains("token", await Terminal.RefusedAsync("pause", "demo"), StringComparison.Ordinal);
        sandbox.Set("PARIS_TOKEN", gateway.Address.Token);
        Assert.Equal(0, (await Terminal.RunAsync(["pause", "demo"])).ExitCode);
    }

    [Fact]
    public async Task Json_is_one_document_of_the_API()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var sandbox = new Sandbox();

        var view = JsonSerializer.Deserialize<RunView>((await Terminal.RunAsync(["status", "demo", "--json", "--store", gateway.Folder])).Out, RestJson.Wire)!;
        Assert.Equal(4, view.Jobs.Count);
        Assert.Equal("demo", JsonDocument.Parse((await Terminal.RunAsync(["runs", "--json", "--store", gateway.Folder])).Out).RootElement[0].GetProperty("run").GetString());
    }

    [Fact]
    public async Task Migrate_follows_the_job_to_its_new_place()
    {
        await using var gateway = await TestGateway.StartAsync();
        var demo = Views.Demo();
        gateway.Runs.Runs["demo"] = demo;
        using var sandbox = new Sandbox();

        var going = Terminal.RunAsync(["migrate", "demo/expert/0", "--to", "silo-1/cpu-0", "--store", gateway.Folder]);
        while (!going.IsCompleted && gateway.Runs.Calls.Count == 0)
        {
            await Task.Delay(10);
        }

        gateway.Runs.Runs["demo"] = demo with { Jobs = [.. demo.Jobs.Select(j => j.Key == "demo/expert/0" ? j with { State = "running", Silo = "silo-1", Slot = "cpu-0", Epoch = 4 } : j)] };
        var gone = await going;
        Assert.Equal(0, gone.ExitCode);
        Assert.Contains("leaves silo-0/cpu-0 for silo-1/cpu-0", gone.Out, StringComparison.Ordinal);
        Assert.Contains("trains on silo-1/cpu-0", gone.Out, StringComparison.Ordinal);

        var json = JsonDocument.Parse((await Terminal.RunAsync(["migrate", "demo/expert/0", "--json", "--store", gateway.Folder])).Out).RootElement;
        Assert.Equal(("silo-1/cpu-0", 4), (json.GetProperty("landed").GetString(), json.GetProperty("epoch").GetInt32()));
    }

    [Fact]
    public async Task Migrate_says_what_is_wrong()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var sandbox = new Sandbox();
        sandbox.Set("PARIS_URL", gateway.Address.Url);
        sandbox.Set("PARIS_TOKEN", gateway.Address.Token);

        Assert.Contains("there is no silo 'nowhere'", await Terminal.RefusedAsync("migrate", "demo/expert/0", "--to", "nowhere"), StringComparison.Ordinal);
        Assert.Contains("is no place for a job", await Terminal.RefusedAsync("migrate", "demo/expert/0", "--to", "a/b/c"), StringComparison.Ordinal);
        Assert.Contains("is not a job key", await Terminal.RefusedAsync("migrate", "demo"), StringComparison.Ordinal);
        Assert.Contains("has no job", await Terminal.RefusedAsync("migrate", "demo/expert/77"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scale_advises_and_switches_the_rebalancer()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var sandbox = new Sandbox();

        var advice = await Terminal.RunAsync(["scale", "--advise", "--store", gateway.Folder]);
        Assert.Contains("1 jobs run, 2 wait; 0 of 2 slots are free; the rebalancer is off", advice.Out, StringComparison.Ordinal);
        Assert.Contains("40 GiB", advice.Out, StringComparison.Ordinal);
        Assert.Contains("1:30 min", advice.Out, StringComparison.Ordinal);
        Assert.Contains("no silo can go", advice.Out, StringComparison.Ordinal);
        Assert.Equal("rebalancer: on", (await Terminal.RunAsync(["scale", "--rebalance", "on", "--store", gateway.Folder])).Out.Trim());
        Assert.True(JsonSerializer.Deserialize<AdviceView>((await Terminal.RunAsync(["scale", "--json", "--store", gateway.Folder])).Out, RestJson.Wire)!.Rebalances);
        Assert.Contains("'maybe'", await Terminal.RefusedAsync("scale", "--rebalance", "maybe"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_submits_what_the_file_and_the_assignments_say()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var sandbox = new Sandbox();
        var file = sandbox.Write("run.yaml", RunSpecPresets.Text("smoke"));
        var run = await Terminal.RunAsync(["train", "-f", file, "--set", "seed=9", "--store", gateway.Folder]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(9UL, RunSpecJson.Read(System.Text.Encoding.UTF8.GetBytes(gateway.Runs.Specs["smoke"])).Seed);
        Assert.Contains("another spec", await Terminal.RefusedAsync("train", "-f", file, "--store", gateway.Folder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_run_and_an_unknown_strategy_are_bad_input()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var sandbox = new Sandbox();

        Assert.Contains("'none'", await Terminal.RefusedAsync("status", "none", "--store", gateway.Folder), StringComparison.Ordinal);
        Assert.Contains("'none'", await Terminal.RefusedAsync("pause", "none", "--store", gateway.Folder), StringComparison.Ordinal);
        Assert.Contains("bottom-1", await Terminal.RefusedAsync("sample", "demo", "--strategy", "bottom-1", "--store", gateway.Folder), StringComparison.Ordinal);
        Assert.Contains("bottom-1", await Terminal.RefusedAsync("evaluate", "demo", "--strategy", "bottom-1", "--store", gateway.Folder), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_run_ends_with_1_and_one_with_bad_input_with_2()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var sandbox = new Sandbox();
        var file = sandbox.Write("run.yaml", RunSpecPresets.Text("smoke"));
        foreach (var (bad, code) in new[] { (false, 1), (true, 2) })
        {
            gateway.Runs.Specs.Clear();
            gateway.Runs.Runs["smoke"] = new RunView
            {
                Run = "smoke",
                State = "failed",
                Jobs = [new JobView { Key = "smoke/ingest", Kind = "ingest", State = "failed", Message = "3.png is no PNG.", BadInput = bad }],
            };
            var run = await Terminal.RunAsync(["train", "-f", file, "--wait", "--store", gateway.Folder]);

            Assert.Equal(code, run.ExitCode);
            Assert.Contains("3.png", run.Error, StringComparison.Ordinal);
        }
    }
}
