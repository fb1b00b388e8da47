using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Hosting;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Storage;

namespace Paris.Cli.Commands;

/// <summary><c>paris up</c></summary>
internal sealed class UpCommand : ParisCommand
{
    private readonly Option<int> _slots = CommonOptions.Slots();
    private readonly Option<int> _silos = CommonOptions.Silos();
    private readonly Option<int?> _port = CommonOptions.Port();
    private readonly Option<bool> _allowChaos = new("--allow-chaos") { Description = "Take faults from 'paris chaos'." };

    public UpCommand(CliOutput output)
        : base(output, "up", "Start silos and the gateway in this process, on loopback, and serve until interrupted.", "paris up --slots 2", "paris up --store /data/store --silos 2 --slots 8 --port 8420")
    {
        Options.Add(_slots);
        Options.Add(_silos);
        Options.Add(_port);
        Options.Add(_allowChaos);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var store = GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store));
        var shown = BlobStoreFactory.Describe(store);
        if (await RunningGateway.FindAsync(store, cancellationToken) is { } running)
        {
            throw new ParisInputException($"A gateway already serves the store '{shown}' at {running.Url}; use it, or stop it first.");
        }

        WorkerProcess.Require();
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions { Store = store, Slots = arguments.GetValue(_slots), Silos = arguments.GetValue(_silos), Port = arguments.GetValue(_port), AllowChaos = arguments.GetValue(_allowChaos) },
            cancellationToken);
        if (Json(arguments))
        {
            Output.Json(new { cluster.Address.Url, store = shown, slots = arguments.GetValue(_slots), silos = arguments.GetValue(_silos) });
        }
        else
        {
            Output.Line($"page and API: {cluster.Address.Url}   store: {shown}   slots: {arguments.GetValue(_slots)}");
            if (!cluster.WritesAddress)
            {
                // A container is no place for a token: whoever started this sees it once.
                Output.Line($"for clients: export PARIS_URL={cluster.Address.Url} PARIS_TOKEN={cluster.Address.Token}");
            }

            Output.Line("from another terminal: paris train -f run.yaml, paris status --watch; Ctrl-C stops (workers commit first)");
        }

        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Output.Note("paris: stopping; workers commit their checkpoints");
        }

        return 0;
    }
}
