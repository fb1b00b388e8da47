using System.CommandLine;
using System.CommandLine.Help;
using Paris.Cli.Client;
using Paris.Cli.Commands;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Storage;

namespace Paris.Cli;

/// <summary>
/// The whole command line. Exit codes: 0 done, 1 it failed, 2 the input was wrong (one line on standard error says what would be right),
/// 130 interrupted.
/// </summary>
public static class CommandLine
{
    public const int Failed = 1;
    public const int BadInput = 2;
    public const int Interrupted = 130;

    /// <summary>Parses and runs; never throws.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, CliOutput output, CancellationToken cancellationToken = default)
    {
        var root = Build(output);
        if (args.Count > 0 && root.Subcommands.OfType<HostCommand>().FirstOrDefault(x => x.Name == args[0]) is { } host)
        {
            return await host.RunAsync(args.Skip(1));
        }

        var parsed = root.Parse(args);
        var json = args.Contains("--json");
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction and not HelpWithExample)
        {
            var path = string.Join(' ', Names(parsed.CommandResult));
            return Fail(output, json, BadInput, $"{Clearest(parsed.Errors).TrimEnd('.')}; '{path} --help' shows what it takes.");
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output.Out, Error = output.Error, ProcessTerminationTimeout = TimeSpan.FromSeconds(90) },
                cancellationToken);
        }
        catch (ParisInputException e)
        {
            return Fail(output, json, BadInput, e.Message);
        }
        catch (GatewayException e)
        {
            return Fail(output, json, e.BadInput ? BadInput : Failed, e.Message);
        }
        catch (OperationCanceledException)
        {
            output.Note("paris: interrupted");
            return Interrupted;
        }
        catch (StorageFaultException e)
        {
            return Fail(output, json, Failed, e.Message);
        }
#pragma warning disable CA1031 // The last resort: a person gets one line; PARIS_TRACE=1 shows the rest.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (Environment.GetEnvironmentVariable("PARIS_TRACE") == "1")
            {
                output.Note(e.ToString());
            }

            return Fail(output, json, Failed, $"{e.Message.TrimEnd('.')} (a fault of ours, {e.GetType().Name}; PARIS_TRACE=1 shows where)");
        }
    }

    internal static RootCommand Build(CliOutput output)
    {
        var root = new RootCommand("Trains a diffusion model the decentralised way: K experts that never exchange a byte, and a router among them.");
        root.Options.Add(CommonOptions.Json);
        root.Options.Add(CommonOptions.Store);
        ParisCommand[] commands =
        [
            new DemoCommand(output),
            new UpCommand(output),
            new TrainCommand(output),
            new IngestCommand(output),
            new RunsCommand(output),
            new StatusCommand(output),
            new ControlCommand(output, "pause", "Commit a checkpoint everywhere and stop the run's workers until it is resumed."),
            new ControlCommand(output, "resume", "Go on with a paused or failed run; its jobs get new retries."),
            new ControlCommand(output, "cancel", "Stop a run for good; what is committed stays in the store."),
            new MigrateCommand(output),
            new ScaleCommand(output),
            new SampleCommand(output),
            new EvaluateCommand(output),
            new ExpertsCommand(output),
            new ExpertCommand(output),
            new ReportCommand(output),
            new ChaosCommand(output),
            new ImportCommand(output),
            new ExportCommand(output),
            new VerifyCommand(output),
            new BenchCommand(output),
            new DoctorCommand(output),
        ];
        foreach (var command in commands)
        {
            root.Subcommands.Add(command);
        }

        root.Subcommands.Add(new HostCommand("silo", "Run one silo of a cluster as this process.", args => Silo.SiloProgram.RunAsync(args)));
        root.Subcommands.Add(new HostCommand("gateway", "Run a cluster's gateway as this process.", args => Gateway.GatewayProgram.RunAsync(args)));

        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new HelpWithExample((HelpAction)option.Action!, output);
        }

        return root;
    }

    private static int Fail(CliOutput output, bool json, int code, string message)
    {
        var line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (json)
        {
            output.Json(new { error = line, exitCode = code });
        }

        output.Note($"paris: {line}");
        return code;
    }

    // "Required command was not provided" says less than the word that was not one.
    private static string Clearest(IReadOnlyList<System.CommandLine.Parsing.ParseError> errors)
        => (errors.FirstOrDefault(e => e.Message.Contains('\'', StringComparison.Ordinal)) ?? errors[0]).Message;

    private static IEnumerable<string> Names(System.CommandLine.Parsing.CommandResult result)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult command)
            {
                names.Push(command.Command is RootCommand ? "paris" : command.Command.Name);
            }
        }

        return names;
    }
}
