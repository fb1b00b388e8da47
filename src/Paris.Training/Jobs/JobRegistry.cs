using Paris.Core.Jobs;

namespace Paris.Training.Jobs;

/// <summary>Which class runs which kind of job.</summary>
public static class JobRegistry
{
    private static readonly Dictionary<JobKind, Func<IJob>> _jobs = new()
    {
        // One line a kind, in the order of the phases.
        [JobKind.Ingest] = () => new IngestJob(),
        [JobKind.TrainAutoencoder] = () => new TrainAutoencoderJob(),
        [JobKind.TrainClassifier] = () => new TrainClassifierJob(),
        [JobKind.Extract] = () => new ExtractJob(),
        [JobKind.Assign] = () => new AssignJob(),
        [JobKind.Encode] = () => new EncodeJob(),
        [JobKind.Partition] = () => new PartitionJob(),
        [JobKind.TrainExpert] = () => new TrainExpertJob(),
        [JobKind.TrainRouter] = () => new TrainRouterJob(),
        [JobKind.TrainTwin] = () => new TrainExpertJob(),
        [JobKind.Sample] = () => new SampleJob(),
        [JobKind.Evaluate] = () => new EvaluateJob(),
    };

    /// <summary>The kinds this build can run.</summary>
    public static IReadOnlyCollection<JobKind> Kinds => _jobs.Keys;

    /// <summary>A new job of this kind.</summary>
    /// <exception cref="Paris.Core.ParisInputException">No class runs this kind.</exception>
    public static IJob Create(JobKind kind) => _jobs.TryGetValue(kind, out var create)
        ? create()
        : throw new Paris.Core.ParisInputException($"No trainer of this worker runs jobs of the kind '{kind}'; it knows {string.Join(", ", _jobs.Keys)}.");
}
