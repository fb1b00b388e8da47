using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class DataPartsTests
{
    private static readonly RunSpec _spec = new()
    {
        Name = "demo",
        Data = new DataSpec { Images = "images", Parts = 3 },
        Autoencoder = new AutoencoderSpec(),
        Clustering = new ClusteringSpec { Clusters = 3, Extractor = "dinov2", Weights = "weights" },
        Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
        Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
    };

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 3)]
    [InlineData(10, 3)]
    [InlineData(4096, 4096)]
    [InlineData(int.MaxValue, 4096)]
    public void EveryItemIsInOnePartAndPartsAreAlike(int items, int parts)
    {
        var next = 0;
        for (var part = 0; part < parts; part++)
        {
            var (first, end) = DataParts.Range(items, part, parts);
            Assert.Equal(next, first);
            Assert.InRange(end - first, items / parts, (items / parts) + 1);
            next = end;
        }

        Assert.Equal(items, next);
        Assert.Throws<ParisInputException>(() => DataParts.Range(items, parts, parts));
        Assert.Throws<ParisInputException>(() => DataParts.Range(items, -1, parts));
    }

    [Fact]
    public void PartsRunSideBySideAndAreJoined()
    {
        var plan = RunPlan.For(_spec);
        Assert.Equal(Enumerable.Range(0, plan.Count), plan.Select(x => x.Place));
        Assert.All(plan, x => Assert.All(x.Needs, need => Assert.Contains(plan, y => y.Id == need && y.Place < x.Place)));
        var done = new Dictionary<JobId, JobOutcome>();
        Assert.Equal(["ingest/0", "ingest/1", "ingest/2"], Ready());
        Finish("ingest/0", "ingest/2");
        Assert.Equal("reading the images (2 of 3 parts done)", RunPlan.Decide(plan, done, RunWish.Run).Phase);
        Assert.Equal(["ingest/1"], Ready());
        Finish("ingest/1");
        Assert.Equal(["ingest"], Ready());
        Finish("ingest", "classifier", "autoencoder");
        Assert.Equal(["extract/0", "extract/1", "extract/2", "encode/0", "encode/1", "encode/2"], Ready());
        Finish("extract/0", "extract/1", "extract/2", "encode/0", "encode/1", "encode/2");
        Assert.Equal(["extract", "encode"], Ready());
        Finish("extract", "encode", "assign");
        Assert.Equal(["partition"], Ready());

        string[] Ready() => [.. RunPlan.Decide(plan, done, RunWish.Run).ShouldRun.Select(x => x.Id.Key["demo/".Length..])];

        void Finish(params string[] jobs)
        {
            foreach (var job in jobs)
            {
                done[JobId.Parse("demo/" + job)] = JobOutcome.Done;
            }
        }
    }

    /// <summary>Principal components are learned from all pictures at once; later revisions bring one expert's images.</summary>
    [Fact]
    public void WhatIsNotCutIsOneJob()
    {
        var pca = _spec with { Clustering = new ClusteringSpec() };
        Assert.Equal((3, 1, 3, 1), (DataParts.Of(pca, JobKind.Ingest), DataParts.Of(pca, JobKind.Extract), DataParts.Of(pca, JobKind.Encode), DataParts.Of(pca, JobKind.Assign)));
        Assert.Equal(1, DataParts.Of(_spec, JobKind.Ingest, revision: 2));
        Assert.Empty(DataParts.Jobs(_spec with { Data = _spec.Data with { Parts = 1 } }, JobKind.Ingest));
    }

    [Fact]
    public void APartsFolderLiesInItsWholes()
    {
        var part = new JobId("demo", JobKind.Encode, "7");
        Assert.Equal("runs/demo/latents/parts/7/", part.Folder);
        Assert.Equal("demo/encode/7", part.Key);
        Assert.Equal(part, JobId.Parse(part.Key));
        Assert.Equal((7, (int?)null, null), (part.DataPart, new JobId("demo", JobKind.Encode).DataPart, new JobId("demo", JobKind.Evaluate, "7").DataPart));
        Assert.Equal("runs/demo/experts/7/", JobId.ForExpert("demo", 7).Folder);
    }
}
