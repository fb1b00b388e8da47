using System.Globalization;
using Paris.Benchmarks.ControlPlane;
using Paris.Benchmarks.Photographs;
using Paris.Benchmarks.Published;
using Paris.Core;

// Benchmarks of the product's ratios, each measuring both sides in one run, and what they need. The training step has its own, `paris bench step`.
const string Usage = """
    usage: Paris.Benchmarks control-plane [--silos 64] [--experts 1000] [--seconds 30] [--warm-up 30] [--json]
           Paris.Benchmarks published-folder FOLDER [--experts 8]
           Paris.Benchmarks photographs FOLDER [--count 1000]

    control-plane     Processor time and memory of the control plane with experts on in-process silos, above the same silos idle, and the
                      time to place all of them from cold. Workers hold their slots and report; they are no processes.
    published-folder  A folder in the layout and sizes of the released Paris weights (10.3 GB with 8 experts), filled with random numbers, to
                      import, sample and export where the real ones are not at hand.
    photographs       A folder of JPEG, PNG and WebP pictures with captions, some broken, some there twice, for `paris ingest`.

    example: ./paris dotnet run -c Release --project tests/Benchmarks -- control-plane --silos 16 --experts 200 --seconds 10
             ./paris dotnet run -c Release --project tests/Benchmarks -- published-folder ./published
             ./paris dotnet run -c Release --project tests/Benchmarks -- photographs ./photos --count 2000
    """;
try
{
    switch (args)
    {
        case var _ when args.Contains("--help"):
            Console.WriteLine(Usage);
            return 0;
        case ["control-plane", .. var rest]:
            await ControlPlaneBenchmark.RunAsync(ControlPlaneOptions.Parse(rest));
            return 0;
        case ["published-folder", var folder, .. var rest]:
            CheckNew(folder);
            new SyntheticEnsemble { Experts = Option(rest, "--experts", 8, 1024) }.Write(folder, (file, numbers) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {numbers:N0} parameters")));
            return 0;
        case ["photographs", var folder, .. var rest]:
            CheckNew(folder);
            var count = Option(rest, "--count", 1000, 1_000_000);
            var (broken, copies, lesser) = PhotographFolder.Write(folder, count, seed: 42);
            Console.WriteLine($"{count} files: {broken} broken, {copies} copies, {lesser} copies of lower quality");
            return 0;
        default:
            Console.WriteLine(Usage);
            return 2;
    }
}
catch (ParisInputException exception)
{
    Console.Error.WriteLine($"Paris.Benchmarks: {exception.Message}");
    return 2;
}

static int Option(string[] options, string name, int otherwise, int most) => options switch
{
    [] => otherwise,
    [var given, var text] when given == name && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most => number,
    _ => throw new ParisInputException($"'{string.Join(' ', options)}' is no option; use {name} with a number from 1 to {most}."),
};

static void CheckNew(string folder)
{
    if (Path.Exists(folder))
    {
        throw new ParisInputException($"'{folder}' exists; name a new folder.");
    }
}
