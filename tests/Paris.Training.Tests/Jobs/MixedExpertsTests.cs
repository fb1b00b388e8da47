using System.Text.Json;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Xunit;

namespace Paris.Training.Tests.Jobs;

/// <summary>An ensemble of two sizes, one of whose experts learns the noise, from pictures to pictures.</summary>
public sealed class MixedExpertsTests : IDisposable
{
    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public MixedExpertsTests() => _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    [Fact]
    public void ExpertsOfTwoSizesAndObjectivesTrainAndDrawTogether()
    {
        var bars = BarsRun.Spec(_files, "mixed", clusters: 3);
        var text = System.Text.Encoding.UTF8.GetString(RunSpecJson.Serialize(bars with
        {
            Expert = bars.Expert with { Objectives = ["flow", "ddpm"] },
            Experts =
            [
                new OwnExpertSpec { Expert = 2, Model = new OwnSizeSpec { Hidden = 24, Layers = 2, Patch = 4 }, Batch = 4, Precision = "fp32" },
                new OwnExpertSpec { Expert = 1, Batch = 6, Accumulate = 2 },
            ],
        }));
        var spec = RunSpecReader.Parse(text, "mixed.json").Spec; // as a worker reads it
        var runner = new JobRunner(_store, spec, _files.Folder);
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition })
        {
            runner.Run(kind);
        }

        (int Hidden, int Layers)[] sizes = [(16, 1), (16, 1), (24, 2)];
        double[] batches = [8, 6, 4];
        for (var k = 0; k < 3; k++)
        {
            var result = runner.Run(JobKind.TrainExpert, $"{k}");
            Assert.Equal(12 * batches[k] / result.Metrics["samples"], result.Metrics["passes"], 9);
            using var file = SafetensorsFile.FromBytes(JobContext.Await(_store.GetAsync(result.Outputs["model"].Name))!.Bytes);
            file.Require("t_block.1.bias", TensorType.F32, 6 * sizes[k].Hidden);
            Assert.Equal(sizes[k].Layers, file.Tensors.Count(x => x.Name.EndsWith("scale_shift_table", StringComparison.Ordinal) && x.Name.StartsWith("layers.", StringComparison.Ordinal)));
        }

        runner.Run(JobKind.TrainRouter);
        foreach (var strategy in new[] { "full", "top-2", "cluster-first" })
        {
            var all = Draw(spec, strategy, $"{strategy}-all");
            Assert.InRange(all.Metrics["experts.per.step"], 1, 3);

            // Held one at a time, read again and again, they draw the same pictures.
            var few = Draw(spec with { Sampling = spec.Sampling with { ResidentExperts = 1 } }, strategy, $"{strategy}-few");
            Assert.Equal(all.Outputs["grid"].Sha256, few.Outputs["grid"].Sha256);
            Assert.Equal(all.Outputs["routing"].Sha256, few.Outputs["routing"].Sha256);
        }
    }

    /// <summary>One expert alone can be looked at while the others and the router are not there.</summary>
    [Fact]
    public void OneExpertAloneNeedsNeitherTheOthersNorTheRouter()
    {
        var spec = BarsRun.Spec(_files, "mixed");
        var runner = new JobRunner(_store, spec, _files.Folder);
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition })
        {
            runner.Run(kind);
        }

        runner.Run(JobKind.TrainExpert, "1");
        Assert.Equal(1, Draw(spec, "expert-1", "alone").Metrics["share.cluster.1"]);
        Assert.Contains("mixed/expert/0, which is not finished", Assert.Throws<Paris.Core.ParisInputException>(() => Draw(spec, "top-1", "all")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();

    private JobResult Draw(RunSpec spec, string strategy, string id)
    {
        var job = new JobId(spec.Name, JobKind.Sample, id);
        var order = new SampleOrder { Strategy = strategy, Count = 5, Seed = 5 };
        JobContext.Await(_store.PutAsync(SampleOrder.BlobName(job), JsonSerializer.SerializeToUtf8Bytes(order, WorkerProtocol.Json), PutCondition.Always));
        return new JobRunner(_store, spec, _files.Folder).Run(JobKind.Sample, id);
    }
}
