using Orleans.Hosting;
using Paris.Core;
using Paris.Gateway;
using Paris.Silo;
using Paris.Tls;

// paris tls silo|gateway …: the same programs, with mutual TLS between silos and between gateways and silos.
try
{
    switch (args)
    {
        case ["silo", .. var rest] when !ProgramArguments.AskForHelp(rest):
            var silo = MutualTls.FromEnvironment();
            return await SiloProgram.RunAsync(rest, builder => builder.UseTls(silo.Configure));
        case ["gateway", .. var rest] when !ProgramArguments.AskForHelp(rest):
            var client = MutualTls.FromEnvironment();
            return await GatewayProgram.RunAsync(rest, builder => builder.UseTls(client.Configure));
        default:
            Console.WriteLine(MutualTls.Help);
            return ProgramArguments.AskForHelp(args) ? 0 : 2;
    }
}
catch (ParisInputException exception)
{
    await Console.Error.WriteLineAsync($"paris-tls: {exception.Message}");
    return 2;
}
