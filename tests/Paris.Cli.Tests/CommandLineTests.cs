using System.Text.Json;

namespace Paris.Cli.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> Commands => new("demo", "up", "train", "ingest", "runs", "status", "pause", "resume", "cancel", "migrate", "scale", "sample", "evaluate", "experts", "expert", "report", "verify", "bench", "doctor");

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_commands_help_has_an_example(string command)
    {
        var run = await Terminal.RunAsync([command, "--help"]);

        Assert.Equal(0, run.ExitCode);
        Assert.Matches($"Examples?:\n  paris {command}", run.Out);
        Assert.Contains($"paris {command}", run.Out, StringComparison.Ordinal);
        Assert.Contains("--json", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("Paris.Cli", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silo")]
    [InlineData("gateway")]
    public async Task Hosts_are_listed_and_refuse_what_they_do_not_know(string command)
    {
        Assert.Matches($"\n  {command} +Run ", (await Terminal.RunAsync(["--help"])).Out);
        Assert.Equal(2, (await Terminal.RunAsync([command, "--nonsense"])).ExitCode);
    }

    [Theory]
    [InlineData("'nonsense'", "nonsense")]
    [InlineData("'--fast'", "demo", "--fast")]
    [InlineData("--slots is 0", "demo", "--slots", "0")]
    [InlineData("--slots is 0", "up", "--slots", "0")]
    [InlineData("--silos is -1", "up", "--silos", "-1")]
    [InlineData("--file", "train")]
    [InlineData("'many'", "demo", "--slots", "many")]
    [InlineData("--count is 0", "sample", "--count", "0")]
    [InlineData("add, replace, remove or undo", "expert")]
    [InlineData("'many'", "expert", "remove", "demo", "many")]
    [InlineData("'some'", "expert", "add", "demo", "--split", "1", "--router", "some")]
    public async Task A_wrong_command_line_is_one_line_and_exit_code_2(string named, params string[] arguments)
        => Assert.Contains(named, await Terminal.RefusedAsync(arguments), StringComparison.Ordinal);

    [Fact]
    public async Task With_json_an_error_is_a_document_too()
    {
        using var sandbox = new Sandbox();
        var run = await Terminal.RunAsync(["runs", "--json", "--store", sandbox.Store]);

        Assert.Equal(2, run.ExitCode);
        var document = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(2, document.GetProperty("exitCode").GetInt32());
        Assert.Contains("paris up", document.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_gateway_a_client_says_how_to_start_one()
    {
        using var sandbox = new Sandbox();
        Assert.Contains("paris up", await Terminal.RefusedAsync("status", "--store", sandbox.Store), StringComparison.Ordinal);
        sandbox.Set("PARIS_URL", "nowhere");
        Assert.Contains("PARIS_URL", await Terminal.RefusedAsync("status"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_does_not_answer_is_a_failure_not_bad_input()
    {
        using var sandbox = new Sandbox();
        sandbox.Set("PARIS_URL", "http://127.0.0.1:9");
        var run = await Terminal.RunAsync(["runs"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("No gateway answers", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_worker_or_fixture_folder_is_told()
    {
        using var sandbox = new Sandbox();
        Assert.Contains("--fixtures", await Terminal.RefusedAsync("verify", "--fixtures", sandbox.Path("none")), StringComparison.Ordinal);
        sandbox.Set("PARIS_WORKER", sandbox.Path("none.dll"));
        Assert.Contains("none.dll", await Terminal.RefusedAsync("verify", "--fixtures", sandbox.Folder), StringComparison.Ordinal);
        Assert.Contains("none.dll", await Terminal.RefusedAsync("demo", "--store", sandbox.Store), StringComparison.Ordinal);
    }
}
