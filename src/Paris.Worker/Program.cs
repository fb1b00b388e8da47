using System.CommandLine;
using Paris.Worker;

// Protocol and tables own standard output; everything else that prints goes to standard error.
var output = Console.OpenStandardOutput();

var root = new RootCommand("The worker of Paris.Orleans: runs one job for a silo over standard input and output (docs/worker-protocol.md).");
root.SetAction(_ =>
{
    Console.SetOut(Console.Error);
    return new WorkerHost(Console.OpenStandardInput(), output, TimeProvider.System, Environment.Exit).Run();
});
root.Subcommands.Add(VerifyCommand.Create());
root.Subcommands.Add(BenchCommand.Create());
root.Subcommands.Add(InfoCommand.Create());
return root.Parse(args).Invoke();
