using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core.Interop;
using Paris.Core.Storage;

namespace Paris.Cli.Commands;

/// <summary><c>paris import paris DIR</c>, <c>paris import dit FILE</c>: straight into the store, because weights never pass through a gateway.</summary>
internal sealed class ImportCommand : ParisCommand
{
    private readonly Argument<string> _format = new("format") { Description = "paris: a released ensemble. dit: an ImageNet DiT that experts start from ('expert.init')." };
    private readonly Argument<string> _source = new("source") { Description = "paris: the folder with config.json, expert_0 … and router. dit: the file of weights." };
    private readonly Option<string> _run = new("--run") { Description = "Name of the run that the import makes; of a dit: what 'expert.init' calls it.", HelpName = "name", Required = true };
    private readonly Option<int?> _heads = new("--heads") { Description = "Attention heads of a dit, which its tensors do not tell; default: config.json beside it, else 16 at width 1152 and 64 numbers a head.", HelpName = "n" };

    public ImportCommand(CliOutput output)
        : base(output, "import", "Bring published weights into the store: as a finished run, or as what experts start from. Safetensors, or files of torch.save read without running anything in them.", "paris import paris ./paris-weights --run paris")
    {
        _format.AcceptOnlyFromAmong("paris", "dit");
        Arguments.Add(_format);
        Arguments.Add(_source);
        Options.Add(_run);
        Options.Add(_heads);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var store = BlobStoreFactory.Open(GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store)));
        var (source, run, heads) = (arguments.GetValue(_source)!, arguments.GetValue(_run)!, arguments.GetValue(_heads));
        if (arguments.GetValue(_format) == "dit")
        {
            var model = await new DiTImport(store, run).RunAsync(source, heads, cancellationToken);
            if (Json(arguments))
            {
                Output.Json(new { init = run, model.Hidden, model.Layers, model.Heads, model.Side, sha256 = model.Model.Sha256, store = store.Description });
            }
            else
            {
                Output.Line($"init {run}: {model.Layers} blocks of width {model.Hidden}, {model.Heads} heads, {model.Channels}×{model.Side}² latents; a spec starts from it with 'expert: {{ init: {run} }}'");
            }

            return 0;
        }

        if (heads is not null)
        {
            throw new Core.ParisInputException("--heads belongs to 'paris import dit'; a released ensemble says how many it has.");
        }

        var ensemble = PublishedEnsemble.Read(source);
        var import = new EnsembleImport(store, ensemble, run);
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
