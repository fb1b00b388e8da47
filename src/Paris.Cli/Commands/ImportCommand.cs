using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core.Interop;
using Paris.Core.Storage;

namespace Paris.Cli.Commands;

/// <summary><c>paris import paris DIR</c>: straight into the store, because weights never pass through a gateway.</summary>
internal sealed class ImportCommand : ParisCommand
{
    private readonly Argument<string> _format = new("format") { Description = "The layout: paris." };
    private readonly Argument<string> _folder = new("folder") { Description = "The folder with config.json, expert_0 … and router." };
    private readonly Option<string> _run = new("--run") { Description = "Name of the run that the import makes.", HelpName = "name", Required = true };

    public ImportCommand(CliOutput output)
        : base(output, "import", "Bring published weights into the store as a finished run; safetensors, or files of torch.save read without running anything in them.", "paris import paris ./paris-weights --run paris")
    {
        _format.AcceptOnlyFromAmong("paris");
        Arguments.Add(_format);
        Arguments.Add(_folder);
        Options.Add(_run);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var store = BlobStoreFactory.Open(GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store)));
        var ensemble = PublishedEnsemble.Read(arguments.GetValue(_folder)!);
        var import = new EnsembleImport(store, ensemble, arguments.GetValue(_run)!);
        await import.RunAsync(CopyProgress.Lines(Output, TimeProvider.System), cancellationToken);
        if (Json(arguments))
        {
            Output.Json(new { run = import.Spec.Name, experts = ensemble.Experts.Count, store = store.Description });
        }
        else
        {
            Output.Line($"run {import.Spec.Name}: {ensemble.Experts.Count} experts and a router in {store.Description}");
        }

        return 0;
    }
}
