using System.Text;

namespace Paris.Core;

/// <summary>One argument of an executable: another way to set a key of its configuration.</summary>
/// <param name="Name">As it is typed: <c>--store</c>.</param>
/// <param name="Key">The configuration's key: <c>Paris:Store</c>; in the environment <c>Paris__Store</c>.</param>
/// <param name="Value">What stands after it, for the help: <c>LOCATION</c>. Empty: a switch.</param>
/// <param name="Help">One sentence.</param>
public sealed record ProgramArgument(string Name, string Key, string Value, string Help);

/// <summary>The arguments of an executable whose settings may also come from <c>appsettings.json</c> and the environment.</summary>
public sealed class ProgramArguments(string program, string description, string example, params ProgramArgument[] arguments)
{
    /// <summary>True when the person asks what there is.</summary>
    public static bool AskForHelp(IEnumerable<string> args) => args.Any(x => x is "--help" or "-h" or "-?");

    /// <summary>Keys and values of the configuration.</summary>
    /// <param name="args"><c>--name value</c>, <c>--name=value</c>, or any key of the configuration: <c>--Logging:LogLevel:Default Debug</c>.</param>
    /// <exception cref="ParisInputException">An argument is none of these, or its value is missing.</exception>
    public IReadOnlyDictionary<string, string?> Parse(IReadOnlyList<string> args)
    {
        Dictionary<string, string?> settings = new(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], null);
            var known = arguments.FirstOrDefault(x => x.Name == name);
            if (!name.StartsWith("--", StringComparison.Ordinal) || (known is null && !name.Contains(':', StringComparison.Ordinal)))
            {
                throw new ParisInputException($"'{args[i]}' is no argument; '{program} --help' shows what there is.");
            }

            if (known is { Value.Length: 0 })
            {
                value ??= "true";
            }
            else if (value is null)
            {
                value = ++i < args.Count && !args[i].StartsWith("--", StringComparison.Ordinal)
                    ? args[i]
                    : throw new ParisInputException($"{name} has no value; write {name} {known?.Value ?? "VALUE"}.");
            }

            settings[known?.Key ?? name[2..]] = value;
        }

        return settings;
    }

    /// <summary>The help: what it is, every argument with its environment variable, an example.</summary>
    public string Help()
    {
        var width = arguments.Max(x => x.Name.Length + x.Value.Length) + 3;
        var text = new StringBuilder().AppendLine(description).AppendLine()
            .AppendLine($"Usage: {program} [arguments]").AppendLine()
            .AppendLine("Arguments (or the variable in brackets, or appsettings.json; an argument wins over a variable, a variable over the file):");
        foreach (var (name, key, value, help) in arguments)
        {
            text.AppendLine($"  {$"{name} {value}".PadRight(width)}{help} [{key.Replace(":", "__", StringComparison.Ordinal)}]");
        }

        return text.AppendLine().AppendLine("Example:").AppendLine($"  {example}").ToString();
    }
}
