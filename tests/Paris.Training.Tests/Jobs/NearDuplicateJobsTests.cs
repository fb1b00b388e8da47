using System.Text;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Data;
using Paris.Training.Tests.Data;
using Xunit;

namespace Paris.Training.Tests.Jobs;

/// <summary>Forty pictures of noise, and after each fourth a shaken copy: ids 40 … 49 are near to 0, 4 … 36.</summary>
public sealed class NearDuplicateJobsTests : IDisposable
{
    private const int Distinct = 40;
    private const int Copies = 10;
    private const int Side = 16;

    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public NearDuplicateJobsTests() => _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    [Fact]
    public async Task TheyAreReportedWithASheetAndStay()
    {
        var (assign, partition, _) = Run("report");

        Assert.Equal(Enumerable.Range(0, Copies).Select(i => ((long)Distinct + i, 4L * i)), await ListedAsync(assign));
        Assert.Equal(Copies, assign.Metrics["near-duplicates"]);
        var sheet = PngDecoder.Decode((await _store.GetAsync(assign.Outputs["near-duplicate-pairs"].Name))!.Bytes);
        Assert.Equal((8 * (64 + 2)) + 2, sheet.Width);
        Assert.Equal(Distinct + Copies, Total(partition));
        Assert.DoesNotContain(-1L, await AssignmentAsync(assign));
    }

    [Fact]
    public async Task TheyAreDroppedFromEveryCluster()
    {
        var (assign, partition, runner) = Run("drop");

        Assert.Equal(Copies, (await ListedAsync(assign)).Length);
        Assert.Equal(Distinct, assign.Metrics["samples"]);
        Assert.Equal(Distinct, Total(partition));
        Assert.Equal(1, partition.Metrics.Where(x => x.Key.StartsWith("share.cluster.", StringComparison.Ordinal)).Sum(x => x.Value), 12);
        Assert.Equal(assign.Metrics["share.cluster.0"], partition.Metrics["share.cluster.0"], 12);
        var ids = new List<long>();
        foreach (var (role, entry) in partition.Outputs)
        {
            var manifest = await ShardManifest.LoadAsync(_store, entry);
            Assert.Equal(partition.Metrics[$"size.cluster.{role["manifest-".Length..]}"], manifest.Count);
            ids.AddRange((await SampleSet.LoadAsync(_store, entry)).Ids);
        }

        Assert.Equal(Enumerable.Range(0, Distinct).Select(i => (long)i), ids.Order());
        Assert.Equal(Enumerable.Repeat(-1L, Copies), (await AssignmentAsync(assign))[Distinct..]);

        // What is left trains, as any cluster does.
        Assert.Equal(partition.Metrics["size.cluster.1"], runner.Run(JobKind.TrainExpert, "1").Metrics["samples"]);
    }

    [Fact]
    public void WithoutTheKeyNobodyLooks()
    {
        var (assign, partition, _) = Run("keep");

        Assert.False(assign.Metrics.ContainsKey("near-duplicates") || assign.Outputs.ContainsKey("near-duplicates") || assign.Outputs.ContainsKey("near-duplicate-pairs"));
        Assert.Equal(Distinct + Copies, Total(partition));
    }

    /// <summary>All pictures near to one another: one a fine cluster stays.</summary>
    [Fact]
    public void ADistanceThatEmptiesNoClusterLeavesOneOfEachFineCluster()
    {
        var (assign, _, _) = Run("drop", distance: 1, fine: 4);

        Assert.InRange(assign.Metrics["samples"], 4, Distinct - 1);
        Assert.Equal(1, assign.Metrics.Where(x => x.Key.StartsWith("share.cluster.", StringComparison.Ordinal)).Sum(x => x.Value), 12);
    }

    [Theory]
    [InlineData("data.nearDuplicates=maybe", "keep, report, drop")]
    [InlineData("data.nearDuplicateDistance=0", "above 0")]
    [InlineData("data.nearDuplicateDistance=1.5", "at most 1")]
    public void WrongKeysAreNamed(string change, string message)
    {
        var text = Encoding.UTF8.GetString(RunSpecJson.Serialize(Spec("keep")));

        Assert.Contains(message, Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(text, "run.json", [change])).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();

    private static double Total(JobResult partition) => partition.Metrics.Where(x => x.Key.StartsWith("size.cluster.", StringComparison.Ordinal)).Sum(x => x.Value);

    private RunSpec Spec(string near, double distance = 0.05, int fine = 6)
    {
        var pixels = new byte[(Distinct + Copies) * Side * Side];
        var noise = new float[pixels.Length];
        new PhiloxKey(9, RandomPurpose.Simulation).FillUniform(noise);
        for (var i = 0; i < pixels.Length; i++)
        {
            var (image, place) = (i / (Side * Side), i % (Side * Side));
            pixels[i] = image < Distinct
                ? (byte)(20 + (200 * noise[i]))
                : (byte)(pixels[(4 * (image - Distinct) * Side * Side) + place] + (8 * noise[i]));
        }

        var spec = BarsRun.Spec(_files, "near");
        return spec with
        {
            Data = new DataSpec { Images = _files.Images("noise", Distinct + Copies, Side, Side, pixels), ImageSize = Side, NearDuplicates = near, NearDuplicateDistance = distance },
            Clustering = spec.Clustering with { Dimension = 8, FineClusters = fine },
        };
    }

    private (JobResult Assign, JobResult Partition, JobRunner Runner) Run(string near, double distance = 0.05, int fine = 6)
    {
        var runner = new JobRunner(_store, Spec(near, distance, fine), _files.Folder);
        runner.Run(JobKind.Ingest);
        runner.Run(JobKind.Extract);
        return (runner.Run(JobKind.Assign), runner.Run(JobKind.Partition), runner);
    }

    private async Task<(long Id, long Of)[]> ListedAsync(JobResult assign)
    {
        var lines = Encoding.UTF8.GetString((await _store.GetAsync(assign.Outputs["near-duplicates"].Name))!.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line => JsonDocument.Parse(line).RootElement).Select(x => (x.GetProperty("id").GetInt64(), x.GetProperty("of").GetInt64()))];
    }

    private async Task<long[]> AssignmentAsync(JobResult assign)
    {
        using var file = SafetensorsFile.FromBytes((await _store.GetAsync(assign.Outputs["assignment"].Name))!.Bytes);
        return file.ToArray<long>("assignment");
    }
}
