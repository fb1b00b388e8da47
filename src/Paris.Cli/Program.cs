using Paris.Cli;
using Paris.Cli.Output;

return await CommandLine.RunAsync(args, CliOutput.System);
