using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains the evaluation's classifier and computes the features of real images. Outputs: <c>model</c>, <c>features-reference</c> (training
/// images the distance is against) and <c>features-test</c> (held-out images), each F32 <c>features</c> [N, 64] with I64 <c>index</c> and
/// <c>label</c>. It depends on the data alone, so runs on equal data share it through <c>caches/classifier/{key}/</c>; metrics:
/// <c>accuracy</c> (held-out images, or the reference where there are none).
/// </summary>
public sealed class TrainClassifierJob : IJob
{
    /// <summary>The classifier belongs to the data, not to a run: its seed is fixed.</summary>
    private const ulong Seed = 1;

    private const int Batch = 128;

    private static readonly string[] _cached = ["model.safetensors", "features-reference.safetensors", "features-test.safetensors", "metrics.json"];

    /// <exception cref="ParisInputException">The data have no classes.</exception>
    public void Run(JobContext context)
    {
        var ingest = context.Require(JobKind.Ingest);
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, ingest.Outputs["manifest"]));
        var test = ingest.Outputs.TryGetValue("manifest-test", out var entry) ? JobContext.Await(ShardManifest.LoadAsync(context.Store, entry)) : null;
        var classes = Math.Max(manifest.Classes.Count, manifest.ClassCounts.Count);
        if (classes < 2)
        {
            throw new ParisInputException("The evaluation's classifier needs images with at least two classes; give data.labels, or an empty list of evaluation.strategies.");
        }

        var training = Settings(context.Spec.Evaluation, manifest.Count);
        var key = Key(manifest, test, context.Spec.Evaluation, training, classes);
        if (TryReuse(context, key))
        {
            return;
        }

        var images = JobContext.Await(SampleSet.LoadAsync(context.Store, ingest.Outputs["manifest"]));
        using var task = new ClassifierTask(images, Seed, classes, Batch);
        using var loop = new TrainingLoop(context, task, training);
        var outcome = loop.Run();

        var reference = Reference(images, context.Spec.Evaluation.Reference);
        var (features, accuracy) = task.Extract(images, reference);
        var metrics = new Dictionary<string, double> { ["accuracy.reference"] = accuracy, ["accuracy"] = accuracy };
        var outputs = new Dictionary<string, BlobEntry>
        {
            ["model"] = TrainedModel.Upload(context, loop, task, outcome, new Dictionary<string, string> { ["data"] = key }),
            ["features-reference"] = Upload(context, "features-reference.safetensors", images, reference, features),
        };
        if (test is not null)
        {
            var held = JobContext.Await(SampleSet.LoadAsync(context.Store, entry!));
            int[] all = [.. Enumerable.Range(0, held.Count)];
            (features, metrics["accuracy"]) = task.Extract(held, all);
            outputs["features-test"] = Upload(context, "features-test.safetensors", held, all, features);
        }

        context.Reporter.Metric("accuracy", metrics["accuracy"], outcome.Record.Step);
        Keep(context, key, outputs, metrics);
        TrainedModel.Commit(context, loop, outcome, outputs, metrics, new Dictionary<string, string> { ["cache"] = key });
    }

    /// <summary>Its optimiser: a few passes with a rate that falls to 0.</summary>
    private static OptimizationSpec Settings(EvaluationSpec evaluation, long images)
    {
        var steps = (int)Math.Max(1, evaluation.ClassifierPasses * images / Batch);
        return new OptimizationSpec
        {
            Steps = steps,
            Batch = Batch,
            LearningRate = 3e-3,
            Warmup = 0.05,
            Schedule = "linear",
            Beta2 = 0.99,
            WeightDecay = 0.01,
            EmaDecay = 0,
            CheckpointEvery = Math.Max(100, steps / 3),
            PreviewEvery = 0,
        };
    }

    /// <summary>SHA-256 of everything the classifier and its features depend on.</summary>
    private static string Key(ShardManifest manifest, ShardManifest? test, EvaluationSpec evaluation, OptimizationSpec training, int classes)
    {
        var text = new StringBuilder("paris-classifier-1\n");
        foreach (var shard in manifest.Shards.Concat(test?.Shards ?? []))
        {
            text.Append(shard.Sha256).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"{manifest.Shards.Count} {classes} {evaluation.Reference} {JsonSerializer.Serialize(training, RunSpecJson.Options)} {KernelSet.Describe()}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>The images of the reference: the first of a keyed permutation, in rising order.</summary>
    private static int[] Reference(SampleSet images, int wanted)
    {
        var permutation = new KeyedPermutation(new PhiloxKey(Seed, RandomPurpose.Evaluation), images.Count);
        return [.. Enumerable.Range(0, Math.Min(wanted, images.Count)).Select(i => (int)permutation[i]).Order()];
    }

    private static BlobEntry Upload(JobContext context, string name, SampleSet images, int[] indices, float[] features) =>
        JobContext.Await(context.Fence.PutOutputAsync(name, SafetensorsWriter.ToBytes(
        [
            TensorData.Of("index", indices.Select(i => images.Ids[i]).ToArray(), indices.Length),
            TensorData.Of("label", indices.Select(i => images.Labels[i]).ToArray(), indices.Length),
            TensorData.Of("features", features, indices.Length, Classifier.FeatureCount),
        ])));

    private static string CacheFolder(string key) => $"caches/classifier/{key}/";

    /// <summary>Copies the outputs into the cache; <c>metrics.json</c> comes last and makes it complete.</summary>
    private static void Keep(JobContext context, string key, Dictionary<string, BlobEntry> outputs, Dictionary<string, double> metrics)
    {
        foreach (var (role, output) in outputs)
        {
            var content = JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, output.Name, output.Sha256, default));
            JobContext.Await(context.Store.PutAsync($"{CacheFolder(key)}{role}.safetensors", content, PutCondition.Absent));
        }

        JobContext.Await(context.Store.PutAsync(CacheFolder(key) + "metrics.json", JsonSerializer.SerializeToUtf8Bytes(metrics), PutCondition.Absent));
    }

    /// <summary>Takes model and features of an earlier run on equal data.</summary>
    private static bool TryReuse(JobContext context, string key)
    {
        var found = _cached.ToDictionary(name => name, name => JobContext.Await(context.Store.GetAsync(CacheFolder(key) + name))?.Bytes);
        if (found["metrics.json"] is not { } json || JsonSerializer.Deserialize<Dictionary<string, double>>(json) is not { } metrics)
        {
            return false;
        }

        context.Reporter.Ready(0, 0);
        var outputs = new Dictionary<string, BlobEntry>();
        foreach (var (name, content) in found)
        {
            if (content is not null && name != "metrics.json")
            {
                outputs[Path.GetFileNameWithoutExtension(name)] = JobContext.Await(context.Fence.PutOutputAsync(name, content));
            }
        }

        context.Reporter.Log($"The classifier for these data was trained before; taken from {CacheFolder(key)}.");
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = metrics,
            Facts = new Dictionary<string, string> { ["cache"] = key, ["reused"] = "true" },
        }));
        return true;
    }
}
