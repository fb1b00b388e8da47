using System.CommandLine;

namespace Paris.Cli.Commands;

/// <summary><c>paris silo</c>, <c>paris gateway</c>: programs with arguments and a help of their own; here they are only listed.</summary>
/// <param name="name">The command.</param>
/// <param name="description">One sentence.</param>
/// <param name="program">Runs it with what follows the name.</param>
internal sealed class HostCommand(string name, string description, Func<string[], Task<int>> program) : Command(name, description)
{
    public Task<int> RunAsync(IEnumerable<string> arguments) => program([.. arguments]);
}
