using Paris.Benchmarks.ControlPlane;
using Paris.Core;

// Benchmarks of the product's ratios: each measures both sides in one run. The training step has its own, `paris bench step`.
const string Usage = """
    usage: Paris.Benchmarks control-plane [--silos 64] [--experts 1000] [--seconds 30] [--warm-up 30] [--json]

    Processor time and memory of the control plane with experts on in-process silos, above the same silos idle, and the time to place
    all of them from cold. Workers hold their slots and report; they are no processes.

    example: ./paris dotnet run -c Release --project tests/Benchmarks -- control-plane --silos 16 --experts 200 --seconds 10
    """;
try
{
    if (args is not ["control-plane", .. var rest] || rest.Contains("--help"))
    {
        Console.WriteLine(Usage);
        return args.Contains("--help") ? 0 : 2;
    }

    var options = ControlPlaneOptions.Parse(rest);
    await ControlPlaneBenchmark.RunAsync(options);
    return 0;
}
catch (ParisInputException exception)
{
    Console.Error.WriteLine($"Paris.Benchmarks: {exception.Message}");
    return 2;
}
