using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Specs;

public sealed class EnsembleRevisionTests
{
    private static readonly RunSpec _spec = RunSpecPresets.Load("smoke", ["clustering.clusters=4", "name=demo"]).Spec;

    private static readonly EnsembleRevision _first = EnsembleRevision.First(_spec);

    [Fact]
    public void ASplitAddsOneExpertAndKeepsTheOthers()
    {
        var after = _first.With(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 2 }, 2);
        Assert.Equal([.. _first.Members, new EnsembleMember(4, 2, 1)], after.Members);
        Assert.Equal((2, 1, 2, 2, 5), (after.Revision, after.Base, after.Router, after.Partition, after.NextExpert));
        Assert.Equal((RouterRefit.Head, 1, 4), (after.Change!.Router, after.Change.From, after.Trained!.Expert));
        Assert.Equal(["demo/expert/0", "demo/expert/1", "demo/expert/2", "demo/expert/3", "demo/expert/4-r2", "demo/router/r2"], after.Models("demo").Select(x => x.Key));
    }

    [Fact]
    public void ARemovedNumberIsNotGivenAwayAgainAndItsClusterStaysWhereItIs()
    {
        var removed = _first.With(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 3 }, 2);
        Assert.Equal([0, 1, 2], removed.Members.Select(x => x.Expert));
        Assert.Equal((1, 2), (removed.Partition, removed.Router));
        Assert.Null(removed.Trained);
        var added = removed.With(new EnsembleChange { Change = EnsembleChangeKind.Add, Images = "new.gz", Router = RouterRefit.Whole }, 3);
        Assert.Equal(new EnsembleMember(4, 3, 3), added.Members[^1]);
        Assert.Equal("new.gz", added.Change!.DataOf(_spec)!.Images);
        Assert.Null(added.Change.DataOf(_spec)!.TestImages);
    }

    [Fact]
    public void AReplacementOnTheSameClusterNeedsNoNewPartitionAndNoRefit()
    {
        var after = _first.With(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 1, Steps = 9 }, 2);
        Assert.Equal(new EnsembleMember(1, 2, 1), after.Member(1));
        Assert.Equal((1, 1, RouterRefit.Keep), (after.Partition, after.Router, after.Change!.Router));
        var images = _first.With(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 1, Images = "more" }, 2);
        Assert.Equal((2, 2, new EnsembleMember(1, 2, 2)), (images.Partition, images.Router, images.Member(1)));
    }

    public static TheoryData<EnsembleChange, string> Wrong => new()
    {
        { new() { Change = EnsembleChangeKind.Add }, "'split'" },
        { new() { Change = EnsembleChangeKind.Add, Split = 1, Images = "x" }, "either 'split'" },
        { new() { Change = EnsembleChangeKind.Add, Split = 9 }, "no expert 9 in revision 1; it has 0, 1, 2, 3" },
        { new() { Change = EnsembleChangeKind.Add, Split = 1, Expert = 7 }, "next free one" },
        { new() { Change = EnsembleChangeKind.Remove }, "'expert' is missing" },
        { new() { Change = EnsembleChangeKind.Remove, Expert = 4 }, "no expert 4" },
        { new() { Change = EnsembleChangeKind.Remove, Expert = 1, Images = "x" }, "no expert is trained" },
        { new() { Change = EnsembleChangeKind.Remove, Expert = 1, Router = RouterRefit.Keep }, "the clusters change" },
        { new() { Change = EnsembleChangeKind.Replace, Expert = 1, Split = 2 }, "no meaning for replace" },
        { new() { Change = EnsembleChangeKind.Replace, Expert = 1, RouterSteps = 5 }, "the router is kept" },
        { new() { Change = EnsembleChangeKind.Replace, Expert = 1, Labels = "x" }, "give 'images' too" },
        { new() { Change = EnsembleChangeKind.Add, Images = "x", ImagesKind = "tar" }, "idx, folder" },
        { new() { Change = EnsembleChangeKind.Add, Split = 1, Steps = 0 }, "at least 1" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WhatCannotBeDoneIsRefusedInOneSentence(EnsembleChange change, string named)
    {
        var message = Assert.Throws<ParisInputException>(() => _first.With(change, 2)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLastExpertStays()
    {
        var one = _first with { Members = [new EnsembleMember(2, 1, 1)] };
        Assert.Contains("the last one", Assert.Throws<ParisInputException>(() => one.With(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 2 }, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheFirstRevisionTrainsWithTheSeedOfTheRunAndEveryOtherWithItsOwn()
    {
        var seeds = Enumerable.Range(1, 50).Select(revision => EnsembleRevision.SeedOf(42, revision)).ToArray();
        Assert.Equal(42UL, seeds[0]);
        Assert.Equal(50, seeds.Distinct().Count());
        Assert.NotEqual(EnsembleRevision.SeedOf(43, 2), seeds[1]);
    }

    [Theory]
    [InlineData("demo/expert/3", "experts/3/", 1)]
    [InlineData("demo/expert/3-r2", "experts/3-r2/", 2)]
    [InlineData("demo/router", "router/", 1)]
    [InlineData("demo/router/r12", "router-r12/", 12)]
    [InlineData("demo/partition/r2", "partition-r2/", 2)]
    [InlineData("demo/evaluate/top-2-r3", "evaluation/top-2-r3/", 3)]
    [InlineData("demo/sample/a-r2", "samples/a-r2/", 1)]
    public void AJobOfALaterRevisionHasAKeyAndAFolderOfItsOwn(string key, string folder, int revision)
    {
        var job = JobId.Parse(key);
        Assert.Equal((key, "runs/demo/" + folder, revision), (job.Key, job.Folder, job.Revision));
    }

    [Fact]
    public async Task TheHistoryIsReadFromTheStore()
    {
        var store = new MemoryBlobStore();
        Assert.Equal((1, 2), ((await EnsembleHistory.ReadAsync(store, _spec)).Current.Revision, (await EnsembleHistory.ReadAsync(store, _spec)).NextNumber));

        // Two were trained, the second was taken back, a third is in progress.
        var second = _first.With(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 0 }, 2);
        var third = second.With(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 1 }, 3);
        var fourth = second.With(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 1 }, 4);
        foreach (var revision in (EnsembleRevision[])[second, third, fourth])
        {
            await PutAsync(EnsembleRevision.BlobName("demo", revision.Revision), revision);
        }

        await PutAsync(EnsembleState.BlobName("demo"), new EnsembleState { Current = 2, Discarded = [3] });
        var history = await EnsembleHistory.ReadAsync(store, _spec);
        Assert.Equal(second.Members, history.Current.Members);
        Assert.Equal((4, 5), (history.Pending!.Revision, history.NextNumber));
        Assert.Equal([1, 2, 4], history.Chain.Select(x => x.Revision));
        Assert.Equal(fourth.Change, history.Of(4).Change);
        Assert.Contains("revision 9", Assert.Throws<ParisInputException>(() => history.Of(9)).Message, StringComparison.Ordinal);

        await store.PutAsync(EnsembleRevision.BlobName("demo", 5), "{"u8.ToArray(), PutCondition.Always);
        Assert.Contains("ensemble-5.json", (await Assert.ThrowsAsync<ParisInputException>(() => EnsembleHistory.ReadAsync(store, _spec))).Message, StringComparison.Ordinal);

        Task PutAsync<T>(string name, T value) => store.PutAsync(name, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, WorkerProtocol.Json), PutCondition.Absent);
    }
}
