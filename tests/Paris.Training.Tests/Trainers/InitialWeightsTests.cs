using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Models;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Paris.Training.Tests.Jobs;
using Paris.Training.Trainers;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Trainers;

/// <summary>Training on from another run's weights, and from an ImageNet DiT (golden fixture dit-tiny).</summary>
public sealed class InitialWeightsTests : IDisposable
{
    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public InitialWeightsTests() => _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    private static string DiT => Path.Combine(Fixtures.Folder, "dit-tiny", "model.safetensors");

    [Theory]
    [InlineData(ConditionKind.None)]
    [InlineData(ConditionKind.Text)]
    public async Task EveryBlockOfADiTIsKeptAtTime500(ConditionKind condition)
    {
        var init = await new DiTImport(_store, "dit").RunAsync(DiT);
        using var dit = ImageNetDiT.Load(DiT);
        using var expert = new DiTExpert(new DiTShape(init.Channels, init.Side, init.Hidden, init.Layers, init.Heads, init.Patch, Condition: condition, TextDim: 12));
        WeightInitialization.Apply(expert, 7, 0);
        using (var file = SafetensorsFile.FromBytes((await _store.GetAsync(init.Model.Name))!.Bytes))
        {
            WeightFile.Load(expert, file, optional: init.IsFresh);
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var io = Fixtures.Open("dit-tiny/io.safetensors");
        var x = tensor(io.ToSingles("x"), [.. io["x"].Shape]);
        var n = x.shape[0];
        var t = full([n], 500f, dtype: ScalarType.Float32);
        var text = condition == ConditionKind.Text ? full([n, 5, 12], 0.3f, dtype: ScalarType.Float32) : null;
        var theirs = dit.Trace(x, t, full([n], (long)dit.Shape.Transformer.Classes, dtype: ScalarType.Int64));
        var ours = expert.Trace(x, t, text);
        Assert.Equal(init.Layers + 1, ours.Count);
        Assert.Equal(theirs.Count, ours.Count);
        for (var i = 0; i < ours.Count; i++)
        {
            Assert.InRange((ours[i] - theirs[i]).abs().max().item<float>(), 0, 1e-5f);
        }

        // What is fresh says nothing yet: the output is zero, as of a model that starts from random weights.
        Assert.Equal(0, expert.call(x, t, text).abs().max().item<float>());

        // At other times the blocks move with their mean: near, not equal.
        var late = full([n], 900f, dtype: ScalarType.Float32);
        var difference = (expert.Trace(x, late, text)[^1] - dit.Trace(x, late, full([n], (long)dit.Shape.Transformer.Classes, dtype: ScalarType.Int64))[^1]).abs().max().item<float>();
        Assert.True(difference > 1e-3, $"{difference}");
    }

    [Fact]
    public async Task AnExpertTrainsOnFromADiTAndSaysSo()
    {
        var init = await new DiTImport(_store, "dit").RunAsync(DiT);
        var bars = BarsRun.Spec(_files, "from-dit");
        Expect(bars with { Expert = bars.Expert with { Init = "dit" } }, "'dit' has hidden 24, not 16");
        Expect(bars with { Expert = bars.Expert with { Init = "nothing" } }, "has no run and nothing of 'paris import dit' of this name");

        // The fixture's latents are 4×8²; the pictures are 1×16², so a file with one channel on 16² is made of it.
        var path = OneChannel();
        init = await new DiTImport(_store, "grey").RunAsync(path, heads: 4);
        var spec = bars with { Expert = bars.Expert with { Init = "grey", Model = new ModelSpec { Hidden = init.Hidden, Layers = init.Layers, Heads = 4 } } };
        var runner = Prepare(spec);
        var result = runner.Run(JobKind.TrainExpert, "1");
        Assert.Equal($"grey (from grey.safetensors), SHA-256 {init.Model.Sha256}", result.Facts["start"]);
        Assert.Contains(runner.Reporter.Logs, x => x.Contains("starts from grey", StringComparison.Ordinal));
        Assert.True(result.Metrics["loss"] is > 0 and < 10);
    }

    [Fact]
    public void WeightsAndAverageStartFromTheOtherRunAndAResumeIsBitExact()
    {
        var first = Prepare(BarsRun.Spec(_files, "first"));
        first.Run(JobKind.TrainExpert, "0");
        first.Run(JobKind.TrainExpert, "1");
        first.Run(JobKind.TrainRouter);
        var source = first.Result(JobKind.TrainExpert, "1").Outputs["model"];

        var bars = BarsRun.Spec(_files, "second") with { Seed = 99 };
        var spec = bars with { Expert = bars.Expert with { Init = "first" }, Router = bars.Router with { Init = "first" } };
        var second = Prepare(spec);

        // Before the first step: weights and average are the other run's, bit by bit, moments are zero.
        var samples = JobContext.Await(SampleSetOf(spec));
        var context = second.Context(JobId.ForExpert("second", 1));
        using (var task = new ExpertTask(spec.Expert, samples, 99, 1, 0, null) { Start = x => InitialWeights.LoadExpert(context, x, spec.Expert, 1) })
        using (var loop = new TrainingLoop(context, task, spec.Expert.Training) { FaultPoint = (_, _) => throw new SimulatedCrash() })
        {
            Assert.Throws<SimulatedCrash>(() => loop.Run());
            using var file = Open(source);
            foreach (var slice in loop.Parameters.Slices)
            {
                var segment = loop.Parameters.Segments[slice.Segment];
                Assert.Equal(file.ToSingles(slice.Name), loop.Parameters.View(segment.Weights, slice).contiguous().data<float>().ToArray());
                Assert.Equal(file.ToSingles(slice.Name), loop.Parameters.View(segment.Average!, slice).contiguous().data<float>().ToArray());
                Assert.Equal(0, loop.Parameters.View(segment.FirstMoment, slice).abs().max().item<float>());
            }
        }

        var undisturbed = second.Run(JobKind.TrainExpert, "1");
        Assert.StartsWith("first/expert/1, SHA-256 ", undisturbed.Facts["start"], StringComparison.Ordinal);
        Assert.Equal($"first/expert/1, SHA-256 {source.Sha256}", Metadata(undisturbed.Outputs["model"])["start"]);

        // Killed behind its checkpoint and resumed, with the other run gone: the same bits, and the record is kept.
        Forget(JobId.ForExpert("second", 1));
        var again = second.Context(JobId.ForExpert("second", 1));
        using (var task = new ExpertTask(spec.Expert, samples, 99, 1, 0, null) { Start = x => InitialWeights.LoadExpert(again, x, spec.Expert, 1) })
        using (var loop = new TrainingLoop(again, task, spec.Expert.Training) { FaultPoint = (point, step) => _ = point == "loaded" && step == 9 ? throw new SimulatedCrash() : 0 })
        {
            Assert.Throws<SimulatedCrash>(() => loop.Run());
        }

        Forget(JobId.ForExpert("first", 1));
        var resumed = second.Run(JobKind.TrainExpert, "1");
        Assert.Equal(undisturbed.Facts["weights-sha256"], resumed.Facts["weights-sha256"]);
        Assert.Equal(undisturbed.Outputs["model"].Sha256, resumed.Outputs["model"].Sha256);
        Assert.Equal(undisturbed.Facts["start"], resumed.Facts["start"]);
        Assert.StartsWith("first/router, SHA-256 ", second.Run(JobKind.TrainRouter).Facts["start"], StringComparison.Ordinal);
    }

    /// <summary>A published position embedding need not be ours: it stays through a resume, because checkpoints carry it.</summary>
    [Fact]
    public void FixedTensorsOfTheStartSurviveAResume()
    {
        var first = Prepare(BarsRun.Spec(_files, "first"));
        var entry = first.Run(JobKind.TrainExpert, "0").Outputs["model"];
        float[] changed;
        using (var file = Open(entry))
        {
            var tensors = file.Tensors.Select(x => TensorData.Of(x.Name, x.Name == "pos_embed" ? [.. file.ToSingles(x.Name).Select(v => v + 0.25f)] : file.ToSingles(x.Name), [.. x.Shape])).ToList();
            changed = [.. file.ToSingles("pos_embed").Select(v => v + 0.25f)];
            var fence = first.Context(JobId.ForExpert("first", 0)).Fence;
            var model = JobContext.Await(fence.PutOutputAsync("other.safetensors", SafetensorsWriter.ToBytes(tensors)));
            JobContext.Await(fence.CommitResultAsync(new JobResult { Job = JobId.ForExpert("first", 0), Outputs = new Dictionary<string, BlobEntry> { ["model"] = model } }));
        }

        var bars = BarsRun.Spec(_files, "second");
        var spec = bars with { Expert = bars.Expert with { Init = "first" } };
        var second = Prepare(spec);
        var context = second.Context(JobId.ForExpert("second", 0));
        using (var task = new ExpertTask(spec.Expert, JobContext.Await(SampleSetOf(spec, 0)), 3, 0, 0, null) { Start = x => InitialWeights.LoadExpert(context, x, spec.Expert, 0) })
        using (var loop = new TrainingLoop(context, task, spec.Expert.Training) { FaultPoint = (point, step) => _ = point == "loaded" && step == 9 ? throw new SimulatedCrash() : 0 })
        {
            Assert.Throws<SimulatedCrash>(() => loop.Run());
        }

        using var result = Open(second.Run(JobKind.TrainExpert, "0").Outputs["model"]);
        Assert.Equal(changed, result.ToSingles("pos_embed"));
    }

    [Fact]
    public void WhatCannotBeStartedFromIsTold()
    {
        var first = Prepare(BarsRun.Spec(_files, "first"));
        var bars = BarsRun.Spec(_files, "second");
        Expect(bars with { Expert = bars.Expert with { Init = "first" } }, "first/expert/1, which is not finished");
        first.Run(JobKind.TrainExpert, "1");
        Expect(bars with { Expert = bars.Expert with { Init = "first", Model = bars.Expert.Model with { Heads = 4 } } }, "'first' has heads 2, not 4: set 'expert.model'");
        Expect(bars with { Expert = bars.Expert with { Init = "first", Model = bars.Expert.Model with { NormEps = 1e-5 } } }, "normEps 1E-06, not 1E-05");
        Expect(bars with { Expert = bars.Expert with { Init = "first" }, Router = bars.Router with { Init = "first" } }, "first/router, which is not finished", JobKind.TrainRouter);

        var three = BarsRun.Spec(_files, "third", clusters: 3);
        Expect(three with { Expert = three.Expert with { Init = "first" } }, "has no expert 2 (it has 0, 1); set 'clustering.clusters' to 2", part: "2");
        Expect(three with { Router = three.Router with { Init = "first" } }, "knows 2 clusters, not 3", JobKind.TrainRouter);
    }

    public void Dispose() => _files.Dispose();

    private void Expect(RunSpec spec, string message, JobKind kind = JobKind.TrainExpert, string part = "1")
    {
        var runner = Prepare(spec);
        var error = Assert.Throws<ParisInputException>(() => runner.Run(kind, kind == JobKind.TrainExpert ? part : ""));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private JobRunner Prepare(RunSpec spec)
    {
        JobContext.Await(_store.PutAsync($"runs/{spec.Name}/spec.json", RunSpecJson.Serialize(spec), PutCondition.Always));
        var runner = new JobRunner(_store, spec, _files.Folder);
        if (JobContext.Await(JobFence.ReadHeadAsync(_store, new JobId(spec.Name, JobKind.Partition))) is not { Result: not null })
        {
            foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition })
            {
                runner.Run(kind);
            }
        }

        return runner;
    }

    private Task<Paris.Training.Data.SampleSet> SampleSetOf(RunSpec spec, int cluster = 1)
    {
        var partition = JobContext.Await(JobFence.ReadResultAsync(_store, new JobId(spec.Name, JobKind.Partition)))!;
        return Paris.Training.Data.SampleSet.LoadAsync(_store, partition.Outputs[$"manifest-{cluster}"]);
    }

    /// <summary>The fixture with one input channel and a position table for 8×8 patches.</summary>
    private string OneChannel()
    {
        using var file = SafetensorsFile.Open(DiT);
        var positions = new float[64 * 24];
        new PhiloxKey(2, RandomPurpose.Simulation).FillNormal(positions);
        var tensors = file.Tensors.Select(x => x.Name switch
        {
            "x_embedder.proj.weight" => TensorData.Of(x.Name, file.ToSingles(x.Name)[..(24 * 4)], 24, 1, 2, 2),
            "pos_embed" => TensorData.Of(x.Name, positions, 1, 64, 24),
            _ => TensorData.Of(x.Name, file.ToSingles(x.Name), [.. x.Shape]),
        }).ToList();
        return _files.Write("grey.safetensors", SafetensorsWriter.ToBytes(tensors));
    }

    private SafetensorsFile Open(BlobEntry entry) => SafetensorsFile.FromBytes(JobContext.Await(_store.GetAsync(entry.Name))!.Bytes);

    private IReadOnlyDictionary<string, string> Metadata(BlobEntry entry)
    {
        using var file = Open(entry);
        return file.Metadata;
    }

    private void Forget(JobId job)
    {
        foreach (var blob in _store.ListAsync(job.Folder).ToBlockingEnumerable().ToList())
        {
            JobContext.Await(_store.DeleteAsync(blob.Name));
        }
    }
}
