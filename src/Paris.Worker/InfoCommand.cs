using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

namespace Paris.Worker;

/// <summary><c>info</c>: which libtorch this is and how fast its matrix products are (<c>paris doctor</c> asks).</summary>
public static class InfoCommand
{
    private const int Side = 512;
    private const int Rounds = 5;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "One JSON object." };
        var info = new Command("info", "Tells of the libtorch in use. Example: info --json") { json };
        info.SetAction(parsed =>
        {
            var torch = $"libtorch {__version__}";
            var gflops = Gflops();
            Console.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(new { torch, threads = get_num_threads(), matmulGflops = Math.Round(gflops, 1) }, JsonSerializerOptions.Web)
                : string.Create(CultureInfo.InvariantCulture, $"{torch}, {get_num_threads()} thread(s), {gflops:0.0} GFLOP/s in fp32 matrix products"));
            return 0;
        });
        return info;
    }

    // The best of a few rounds: other work on the machine only slows one down.
    private static double Gflops()
    {
        using var gradients = no_grad();
        using var left = ones(Side, Side);
        using var right = ones(Side, Side);
        var best = double.MaxValue;
        for (var round = 0; round <= Rounds; round++)
        {
            var start = TimeProvider.System.GetTimestamp();
            using var product = matmul(left, right);
            var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;

            // The first one also loads the library.
            best = round == 0 ? best : Math.Min(best, seconds);
        }

        return 2.0 * Side * Side * Side / best / 1e9;
    }
}
