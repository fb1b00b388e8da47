using System.CommandLine;
using System.CommandLine.Parsing;
using Paris.Cli.Client;

namespace Paris.Cli.Commands;

/// <summary>Options and arguments that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Write one JSON document to standard output.",
        Recursive = true,
    };

    public static Option<string?> Store { get; } = new("--store")
    {
        Description = $"The store's folder (default: PARIS_STORE, else {GatewayLocator.DefaultStore}). A client finds its gateway there.",
        HelpName = "folder",
        Recursive = true,
    };

    public static Argument<string> Run() => new("run") { Description = "The run's name." };

    public static Argument<string?> OptionalRun() => new("run")
    {
        Description = "The run's name; without it the newest.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Option<int> Slots() => AtLeast(1, new Option<int>("--slots")
    {
        Description = "Workers at a time, over all silos.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        HelpName = "n",
    });

    public static Option<int> Silos() => AtLeast(1, new Option<int>("--silos")
    {
        Description = "Silos in this process; they share the slots.",
        DefaultValueFactory = _ => 1,
        HelpName = "n",
    });

    public static Option<string[]> Set() => new("--set")
    {
        Description = "A value laid over the spec, repeatable: --set expert.training.steps=200",
        HelpName = "key=value",
    };

    public static Option<int?> Port() => new("--port")
    {
        Description = $"Port of the page and the API on loopback (default {Gateway.GatewayOptions.DefaultPort}; 0 takes a free one).",
        HelpName = "port",
    };

    /// <summary>Refuses smaller values with a sentence.</summary>
    public static Option<int> AtLeast(int least, Option<int> option)
    {
        option.Validators.Add(result => Check(result, option, least));
        return option;
    }

    /// <inheritdoc cref="AtLeast(int, Option{int})"/>
    public static Option<int?> AtLeast(int least, Option<int?> option)
    {
        option.Validators.Add(result => Check(result, option, least));
        return option;
    }

    private static void Check(OptionResult result, Option option, int least)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out var value) && value < least)
        {
            result.AddError($"{option.Name} is {value}; use at least {least}{(option.Name == "--slots" ? ", or no job could ever run" : "")}");
        }
    }
}
