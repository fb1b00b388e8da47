using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core.Interop;
using Paris.Core.Storage;

namespace Paris.Cli.Commands;

/// <summary><c>paris export paris RUN DIR</c></summary>
internal sealed class ExportCommand : ParisCommand
{
    private readonly Argument<string> _format = new("format") { Description = "The layout: paris." };
    private readonly Argument<string> _run = CommonOptions.Run();
    private readonly Argument<string> _folder = new("folder") { Description = "A new folder; it appears when the export is complete." };
    private readonly Option<string?> _dataset = new("--dataset") { Description = "Name of the data set, for the model card.", HelpName = "name" };
    private readonly Option<string?> _licence = new("--licence") { Description = "Licence of the weights, for the model card.", HelpName = "spdx" };

    public ExportCommand(CliOutput output)
        : base(output, "export", "Write a finished run's experts and router in the published layout, with a model card.", "paris export paris demo ./demo-weights --dataset Fashion-MNIST --licence MIT")
    {
        _format.AcceptOnlyFromAmong("paris");
        Arguments.Add(_format);
        Arguments.Add(_run);
        Arguments.Add(_folder);
        Options.Add(_dataset);
        Options.Add(_licence);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var store = BlobStoreFactory.Open(GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store)));
        var (run, folder) = (arguments.GetValue(_run)!, arguments.GetValue(_folder)!);
        await new EnsembleExport(store, run, new ExportNotes(arguments.GetValue(_dataset), arguments.GetValue(_licence)))
            .RunAsync(folder, CopyProgress.Lines(Output, TimeProvider.System), cancellationToken);
        if (Json(arguments))
        {
            Output.Json(new { run, folder });
        }
        else
        {
            Output.Line($"run {run}: written to {folder}");
        }

        return 0;
    }
}
