using System.Text.Json;
using static Paris.Cli.Commands.DoctorCommand;

namespace Paris.Cli.Commands;

/// <summary>What a worker says of its machine (<c>info --json</c>).</summary>
internal static class WorkerInfo
{
    // The reference BLAS reaches 1 to 3 on any processor of this century, a tuned one 20 and more on one thread.
    private const double SlowGflops = 6;

    public static IEnumerable<Finding> Read(string json)
    {
        string torch;
        double gflops;
        int threads;
        try
        {
            var info = JsonDocument.Parse(json).RootElement;
            torch = info.GetProperty("torch").GetString() ?? "";
            gflops = info.GetProperty("matmulGflops").GetDouble();
            threads = info.GetProperty("threads").GetInt32();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [Finding.Fail("worker", "it started but did not tell about itself", "rebuild it with ./paris build")];
        }

        return
        [
            Finding.Ok("worker", "starts"),
            Finding.Ok("libtorch", torch),
            gflops >= SlowGflops
                ? Finding.Ok("BLAS", FormattableString.Invariant($"{gflops:0} GFLOP/s in fp32 matrix products on {threads} thread(s)"))
                : Finding.Warn("BLAS", FormattableString.Invariant($"{gflops:0.0} GFLOP/s in fp32 matrix products: the slow reference one"), "install libopenblas0-pthread"),
        ];
    }
}
