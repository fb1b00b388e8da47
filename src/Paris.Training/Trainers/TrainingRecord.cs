using System.Globalization;
using Paris.Core;

namespace Paris.Training.Trainers;

/// <summary>
/// What a checkpoint holds besides tensors: with it, and nothing else, a resumed training goes on bit by bit. Written as strings into
/// the checkpoint's <c>__metadata__</c>.
/// </summary>
public sealed record TrainingRecord
{
    public required string Run { get; init; }

    /// <summary>The job's key, e.g. <c>demo/expert/3</c>.</summary>
    public required string Job { get; init; }

    /// <summary>Steps done, skipped ones included; the next step's number.</summary>
    public required long Step { get; init; }

    /// <summary>The epoch that wrote it.</summary>
    public required int Epoch { get; init; }

    /// <summary>SHA-256 of the run's spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Updates of the optimiser: steps less skipped ones.</summary>
    public required long OptimizerStep { get; init; }

    /// <summary>Steps whose batch was skipped, rising.</summary>
    public IReadOnlyList<long> SkippedSteps { get; init; } = [];

    /// <summary>The guard's losses, oldest first.</summary>
    public IReadOnlyList<double> GuardWindow { get; init; } = [];

    /// <summary>Roll-backs in a row.</summary>
    public int ConsecutiveRollbacks { get; init; }

    /// <summary>Micro-batches a step: the spec's, times the split that the job was given for want of memory. It never falls in a job's life.</summary>
    public int MicroBatches { get; init; } = 1;

    public int Threads { get; init; } = 1;

    /// <summary><c>cpu</c> or <c>cuda</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Libraries and instruction sets that decide the last bit.</summary>
    public string Kernels { get; init; } = "";

    /// <summary>What the weights started from; null: random ones.</summary>
    public string? Start { get; init; }

    /// <summary>Seconds of training over all epochs.</summary>
    public double Seconds { get; init; }

    public Dictionary<string, string> ToMetadata() => new()
    {
        ["format"] = "paris-checkpoint-1",
        ["run"] = Run,
        ["job"] = Job,
        ["step"] = Text(Step),
        ["epoch"] = Text(Epoch),
        ["spec_sha256"] = SpecHash,
        ["optimizer_step"] = Text(OptimizerStep),
        ["skipped_steps"] = string.Join(',', SkippedSteps),
        ["guard_window"] = string.Join(',', GuardWindow.Select(loss => loss.ToString("R", CultureInfo.InvariantCulture))),
        ["consecutive_rollbacks"] = Text(ConsecutiveRollbacks),
        ["micro_batches"] = Text(MicroBatches),
        ["threads"] = Text(Threads),
        ["device"] = Device,
        ["kernels"] = Kernels,
        ["start"] = Start ?? "",
        ["seconds"] = Seconds.ToString("R", CultureInfo.InvariantCulture),
    };

    /// <summary>Reads what <see cref="ToMetadata"/> writes.</summary>
    /// <exception cref="ParisInputException">A key is missing or malformed.</exception>
    public static TrainingRecord Parse(IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            return new TrainingRecord
            {
                Run = metadata["run"],
                Job = metadata["job"],
                Step = Whole(metadata["step"]),
                Epoch = (int)Whole(metadata["epoch"]),
                SpecHash = metadata["spec_sha256"],
                OptimizerStep = Whole(metadata["optimizer_step"]),
                SkippedSteps = [.. List(metadata["skipped_steps"]).Select(Whole)],
                GuardWindow = [.. List(metadata["guard_window"]).Select(Real)],
                ConsecutiveRollbacks = (int)Whole(metadata["consecutive_rollbacks"]),
                MicroBatches = (int)Whole(metadata["micro_batches"]),
                Threads = (int)Whole(metadata["threads"]),
                Device = metadata["device"],
                Kernels = metadata["kernels"],
                Start = metadata.TryGetValue("start", out var start) && start.Length > 0 ? start : null, // none before init was there
                Seconds = Real(metadata["seconds"]),
            };
        }
        catch (Exception exception) when (exception is KeyNotFoundException or FormatException or OverflowException)
        {
            throw new ParisInputException($"The checkpoint's metadata is not a training record: {exception.Message}", exception);
        }
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static long Whole(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static double Real(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
