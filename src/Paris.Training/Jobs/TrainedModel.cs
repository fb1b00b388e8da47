using System.Globalization;
using Paris.Core.Jobs;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>The end of every training job: the model's file and the result.</summary>
internal static class TrainedModel
{
    /// <summary>Uploads the model (averaged weights where there is an average) as <c>model.safetensors</c>.</summary>
    /// <param name="context">The job's.</param>
    /// <param name="loop">The finished training.</param>
    /// <param name="task">What was trained.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="metadata">What a reader of the model needs to know besides.</param>
    public static BlobEntry Upload(JobContext context, TrainingLoop loop, TrainingTask task, TrainingOutcome outcome, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var all = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>())
        {
            ["format"] = "paris-model-1",
            ["model"] = task.Module.GetName(),
            ["run"] = context.Job.Run,
            ["job"] = context.Job.Key,
            ["step"] = outcome.Record.Step.ToString(CultureInfo.InvariantCulture),
            ["spec_sha256"] = outcome.Record.SpecHash,
        };
        if (outcome.Record.Start is { } start)
        {
            all["start"] = start;
        }

        using var file = ModelFile.Write(task.Module, loop.Parameters, all);
        return JobContext.Await(context.Fence.PutOutputAsync("model.safetensors", file));
    }

    /// <summary>Commits the result: the outputs, the metrics of every training and those of this one.</summary>
    public static void Commit(
        JobContext context,
        TrainingLoop loop,
        TrainingOutcome outcome,
        IReadOnlyDictionary<string, BlobEntry> outputs,
        IReadOnlyDictionary<string, double>? metrics = null,
        IReadOnlyDictionary<string, string>? facts = null)
    {
        var record = outcome.Record;
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = new Dictionary<string, double>(metrics ?? new Dictionary<string, double>())
            {
                ["loss"] = outcome.Loss,
                ["steps"] = record.Step,
                ["skipped-steps"] = record.SkippedSteps.Count,
                ["parameters"] = loop.Parameters.Count,
            },
            Facts = new Dictionary<string, string>(facts ?? new Dictionary<string, string>())
            {
                ["weights-sha256"] = outcome.WeightsHash,
                ["start"] = record.Start ?? "random weights",
                ["device"] = record.Device,
                ["kernels"] = record.Kernels,
            },
            Seconds = record.Seconds,
        }));
    }
}
