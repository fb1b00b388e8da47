using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris bench step</c></summary>
internal sealed class BenchCommand : ParisCommand
{
    private readonly Argument<string> _what = new Argument<string>("what") { Description = "step: the expert's training step beside the same step in eager PyTorch." };

    public BenchCommand(CliOutput output)
        : base(output, "bench", "Measure side by side on this machine.", "paris bench step")
    {
        _what.AcceptOnlyFromAmong("step");
        Arguments.Add(_what);
        TreatUnmatchedTokensAsErrors = false;
    }

    // Further options are the worker's own (its help lists them).
    protected override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        string[] json = Json(arguments) ? ["--json"] : [];
        return WorkerProcess.RunAsync(["bench", arguments.GetValue(_what)!, .. arguments.UnmatchedTokens, .. json], cancellationToken);
    }
}
