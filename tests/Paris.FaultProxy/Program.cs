using System.Globalization;
using System.Text.Json;

namespace Paris.FaultProxy;

/// <summary>
/// The proxy as a process: <c>dotnet Paris.FaultProxy.dll --listen 0 --target http://127.0.0.1:10000 [--seed N] [--errors P] [--lost P]
/// [--stalls P] [--stall-seconds S] [--stay]</c>. Its first line tells where it listens. Lines on standard input: <c>refuse</c>,
/// <c>serve</c>, <c>counters</c> (answered by one JSON object). It ends with standard input, unless <c>--stay</c> is given.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, "--" + name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        double Number(string name, double otherwise) => Option(name) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        if (!Uri.TryCreate(Option("target"), UriKind.Absolute, out var target))
        {
            await Console.Error.WriteLineAsync("--target is missing or no URL; for example --target http://127.0.0.1:10000");
            return 2;
        }

        await using var proxy = await HttpFaultProxy.StartAsync(
            target,
            new FaultProxyOptions
            {
                Seed = (ulong)Number("seed", 0),
                Errors = Number("errors", 0),
                LostReplies = Number("lost", 0),
                Stalls = Number("stalls", 0),
                StallTime = TimeSpan.FromSeconds(Number("stall-seconds", 2)),
            },
            (int)Number("listen", 0));
        await Say($"listening on {proxy.Address.GetLeftPart(UriPartial.Authority)}");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Trim())
            {
                case "refuse":
                    proxy.Refuse = true;
                    await Say("refuses");
                    break;
                case "serve":
                    proxy.Refuse = false;
                    await Say("serves");
                    break;
                case "counters":
                    await Say(JsonSerializer.Serialize(proxy.Counters, JsonSerializerOptions.Web));
                    break;
            }
        }

        if (args.Contains("--stay"))
        {
            await Task.Delay(Timeout.Infinite);
        }

        return 0;

        static async Task Say(string line)
        {
            await Console.Out.WriteLineAsync(line);
            await Console.Out.FlushAsync();
        }
    }
}
