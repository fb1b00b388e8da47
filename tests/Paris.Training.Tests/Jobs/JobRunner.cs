using System.Security.Cryptography;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Jobs;
using Paris.Training.Tests.Trainers;

namespace Paris.Training.Tests.Jobs;

/// <summary>Runs jobs of a run as a worker does: through the scoped store, with a claim of their own.</summary>
internal sealed class JobRunner(IBlobStore store, RunSpec spec, string sourceRoot)
{
    public RecordingReporter Reporter { get; private set; } = new();

    public RunSpec Spec { get; init; } = spec;

    public JobContext Context(JobId job)
    {
        var scoped = ScopedBlobStore.ForJob(store, job, spec: Spec);
        var claim = RandomNumberGenerator.GetHexString(32, lowercase: true);
        return new JobContext
        {
            Spec = Spec,
            Job = job,
            Store = scoped,
            Fence = JobContext.Await(JobFence.TakeOverAsync(scoped, job, "test", claim, "start")),
            Reporter = Reporter = new RecordingReporter(),
            SourceRoots = [sourceRoot],
        };
    }

    public JobResult Run(JobKind kind, string part = "")
    {
        var job = new JobId(Spec.Name, kind, part);
        JobRegistry.Create(kind).Run(Context(job));
        return JobContext.Await(JobFence.ReadResultAsync(store, job))!;
    }

    public JobResult Result(JobKind kind, string part = "") => JobContext.Await(JobFence.ReadResultAsync(store, new JobId(Spec.Name, kind, part)))!;
}
