using System.CommandLine;
using System.Globalization;
using System.Text;
using Paris.Cli.Client;
using Paris.Cli.Emoji;
using Paris.Cli.Hosting;
using Paris.Cli.Output;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway.Runs;

namespace Paris.Cli.Commands;

/// <summary><c>paris demo</c></summary>
internal sealed class DemoCommand : ParisCommand
{
    private readonly Argument<string?> _name = new("demo") { Description = "Which demo: 'emoji' (captioned pictures from npm packages, prompts held out); without it the preset's.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _preset = new("--preset") { Description = $"What to run: {string.Join(", ", RunSpecPresets.Names)}.", DefaultValueFactory = _ => "demo", HelpName = "name" };
    private readonly Option<bool> _full = new("--full") { Description = "Train the monolithic twin too, for equal samples and compute." };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Where report.md, report.json and the pictures go (default artifacts/PRESET).", HelpName = "folder" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of every random number (default: the preset's).", HelpName = "seed" };
    private readonly Option<string[]> _set = CommonOptions.Set();
    private readonly Option<bool> _fresh = new("--fresh") { Description = "Delete what the store holds of this run and start over." };
    private readonly Option<bool> _keep = new("--keep") { Description = "Keep serving the page when the run is done, until interrupted." };
    private readonly Option<int> _slots = CommonOptions.Slots();
    private readonly Option<int> _silos = CommonOptions.Silos();
    private readonly Option<int?> _port = CommonOptions.Port();

    public DemoCommand(CliOutput output)
        : base(output, "demo", "The main job on this machine: real images in, a routed ensemble and its comparison out. Run it again after a kill and it goes on.", "paris demo", "paris demo emoji", "paris demo --preset smoke --out artifacts/smoke", "paris demo --full --seed 7 --slots 4")
    {
        Arguments.Add(_name);
        foreach (var option in (Option[])[_preset, _full, _out, _seed, _set, _fresh, _keep, _slots, _silos, _port])
        {
            Options.Add(option);
        }
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var emoji = Preset(arguments) == EmojiDemo.Preset ? EmojiDemo.Prepare(Output) : null;
        var spec = Spec(arguments, emoji);
        var folder = arguments.GetValue(_out) ?? GatewayLocator.Below($"artifacts/{(emoji is null ? "" : "demo-")}{spec.Name}");
        var store = GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store));
        var json = Json(arguments);
        ReportFolder.Check(folder);

        // With a gateway already there, this is one more client of it.
        if (await RunningGateway.FindAsync(store, cancellationToken) is { } running)
        {
            if (arguments.GetValue(_fresh))
            {
                throw new Core.ParisInputException($"A gateway serves the store '{BlobStoreFactory.Describe(store)}' at {running.Url}; --fresh deletes under its hands: stop it first.");
            }

            using var client = new GatewayClient(running.Url, running.Token);
            return await FollowAsync(client, spec, emoji, folder, json, $"using the gateway at {running.Url}", cancellationToken);
        }

        WorkerProcess.Require();
        new LocalSourceCheck().Check(spec);
        if (arguments.GetValue(_fresh))
        {
            await ForgetAsync(BlobStoreFactory.Open(store), spec.Name, cancellationToken);
            if (emoji is not null)
            {
                await ForgetAsync(BlobStoreFactory.Open(store), EmojiDemo.WithOtherRouter(spec).Name, cancellationToken);
            }
        }

        var options = new LocalClusterOptions
        {
            Store = store,
            Slots = arguments.GetValue(_slots),
            Silos = arguments.GetValue(_silos),
            Port = arguments.GetValue(_port),
            LogFile = Path.Combine(folder, "log.txt"),
        };
        var cluster = await LocalCluster.StartAsync(options, cancellationToken);
        var code = CommandLine.Interrupted;
        try
        {
            using var client = new GatewayClient(cluster.Address.Url, cluster.Address.Token);
            code = await FollowAsync(client, spec, emoji, folder, json, $"page: {cluster.Address.Url}/?run={spec.Name}   store: {BlobStoreFactory.Describe(store)}   log: {options.LogFile}", cancellationToken);
            if (arguments.GetValue(_keep))
            {
                Tell(json, $"still serving {cluster.Address.Url}/?run={spec.Name}; Ctrl-C stops");
                await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            Output.Note("paris: stopping; workers commit their checkpoints, and the same command goes on from them");
        }
        finally
        {
            await cluster.DisposeAsync();
        }

        return code;
    }

    private RunSpec Spec(ParseResult arguments, EmojiDemo? emoji)
    {
        var preset = Preset(arguments);
        List<string> overrides = [.. emoji?.Assignments ?? [], .. arguments.GetValue(_set) ?? []];
        var name = new StringBuilder(preset);
        if (arguments.GetValue(_full))
        {
            overrides.Add("twin=true");
            name.Append("-full");
        }

        if (arguments.GetValue(_seed) is { } seed)
        {
            overrides.Add(string.Create(CultureInfo.InvariantCulture, $"seed={seed}"));
            name.Append(CultureInfo.InvariantCulture, $"-seed{seed}");
        }

        // Another spec is another run, so that the plain demo of before stays what it was.
        if (!overrides.Any(o => o.StartsWith("name=", StringComparison.Ordinal)))
        {
            overrides.Add($"name={name}");
        }

        var loaded = RunSpecPresets.Load(preset, overrides);
        foreach (var warning in loaded.Warnings)
        {
            Output.Note($"paris: {warning}");
        }

        return loaded.Spec;
    }

    private string Preset(ParseResult arguments)
    {
        var preset = arguments.GetValue(_preset)!;
        var name = arguments.GetValue(_name);
        if (name is not null && arguments.GetResult(_preset) is { Implicit: false } && preset != name)
        {
            throw new Core.ParisInputException($"'{name}' and --preset {preset} name two demos; leave one out.");
        }

        return name ?? preset;
    }

    private async Task<int> FollowAsync(GatewayClient client, RunSpec spec, EmojiDemo? emoji, string folder, bool json, string told, CancellationToken cancellationToken)
    {
        await client.SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec)), cancellationToken);
        var other = emoji is null ? null : EmojiDemo.WithOtherRouter(spec);
        if (other is not null)
        {
            await client.SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(other)), cancellationToken);
        }

        Tell(json, told);
        var view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(spec.Name, v => v.Finished, json, $"{client.Url}/?run={spec.Name}", cancellationToken);
        if (view.State != "completed")
        {
            return RunOutcome.ExitCode(view, Output);
        }

        List<(string Kind, RunReport Report)> routers = [];
        if (other is not null)
        {
            var last = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(other.Name, v => v.Finished, json, $"{client.Url}/?run={other.Name}", cancellationToken);
            if (last.State != "completed")
            {
                return RunOutcome.ExitCode(last, Output);
            }

            routers.Add((other.Router.Model.Conditioning, await client.GetReportAsync(other.Name, cancellationToken)));
        }

        var report = await client.GetReportAsync(spec.Name, cancellationToken);
        await ReportFolder.WriteAsync(client, report, folder, cancellationToken);
        if (emoji is not null)
        {
            routers.Add((spec.Router.Model.Conditioning, report));
            await new EmojiReport(client, spec, EmojiDemo.Folder).WriteAsync(emoji, routers, folder, cancellationToken);
        }

        if (json)
        {
            Output.Json(report);
            return 0;
        }

        Print(report, view, folder);
        return 0;
    }

    private void Print(RunReport report, RunView view, string folder)
    {
        Output.Line();
        Output.Line($"{report.Distance}, {report.Images} images against {report.Reference} real ones (lower is better):");
        Output.Console.Write(RunTables.Strategies(report));
        if (report.Router is { Accuracy.Count: > 0 } router)
        {
            Output.Line($"router accuracy by noise level: {string.Join(", ", router.Accuracy.Select(a => $"t={Units.Number(a.T, "0.##")} {Units.Number(a.Accuracy, "0.00")}"))}"
                + (router.PriorError is { } prior ? $"; Σ|mean p − share| at t = 1: {Units.Number(prior, "0.000")}" : ""));
        }

        foreach (var finding in report.Findings)
        {
            Output.Line("- " + finding);
        }

        Output.Line();
        Output.Line($"done in {Units.Duration(view.Seconds)}: {Path.Combine(folder, "report.md")}, {report.Pictures.Count} pictures");
    }

    private void Tell(bool json, string line)
    {
        if (json)
        {
            Output.Note(line);
        }
        else
        {
            Output.Line(line);
        }
    }

    private static async Task ForgetAsync(IBlobStore store, string run, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var blob in store.ListAsync($"runs/{run}/", cancellationToken))
        {
            names.Add(blob.Name);
        }

        foreach (var name in names)
        {
            await store.DeleteAsync(name, cancellationToken: cancellationToken);
        }
    }
}
