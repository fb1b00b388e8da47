using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class RunBookTests
{
    private static readonly JobId _first = JobId.ForExpert("demo", 0);
    private static readonly JobId _second = JobId.ForExpert("demo", 1);
    private static readonly JobId _last = new("demo", JobKind.Evaluate, "top-1");

    private readonly ManualTime _time = new();
    private readonly RunBook _book;

    public RunBookTests() => _book = new RunBook(_time)
    {
        Plan = [new PlannedJob(_first, [], 0), new PlannedJob(_second, [], 1), new PlannedJob(_last, [_first, _second], 2)],
    };

    [Fact]
    public void WhatIsReadyIsAskedOnceInTheOrderOfThePlanAndAgainAfterTenSeconds()
    {
        Assert.Equal([_first, _second], Asked());
        Assert.Empty(Asked());
        _time.Advance(9.9);
        Assert.Empty(Asked());
        _time.Advance(0.2);
        Assert.Equal([_first, _second], Asked());
    }

    [Fact]
    public void WhoeverCouldNotBeReachedIsAskedAgainAfterASecond()
    {
        Asked();
        _book.NotReached(_second);
        _time.Advance(1.1);
        Assert.Equal([_second], Asked());
    }

    [Fact]
    public void WithinATurnEachJobIsAskedOnceHoweverLongItTakes()
    {
        HashSet<JobId> turn = [];
        Assert.Equal([_first, _second], _book.Ask(turn).Select(x => x.Id));
        _book.NotReached(_first);
        _time.Advance(1.1);
        Assert.Empty(_book.Ask(turn));
        Assert.Equal([_first], _book.Ask(new HashSet<JobId>()).Select(x => x.Id));
    }

    [Fact]
    public void AnEndOpensTheWayForWhatWaitsForIt()
    {
        Asked();
        _book.Learn(_first, JobOutcome.Done);
        Assert.Empty(Asked());
        _book.Learn(_second, JobOutcome.Done);
        Assert.Equal([_last], Asked());
        _book.Learn(_last, JobOutcome.Done);
        Assert.Empty(Asked());
        Assert.Equal((RunStage.Completed, false), (_book.Decision.Stage, _book.Active));
    }

    [Fact]
    public void APausedRunTellsEveryJobOnceAndAsksNoneUntilItGoesOn()
    {
        Asked();
        _book.Wish = RunWish.Pause;
        Assert.Empty(Asked());
        Assert.Equal([_first, _second], _book.ToStop.Select(x => x.Id));
        _book.Stopped(_first);
        Assert.Equal([_second], _book.ToStop.Select(x => x.Id));
        Assert.True(_book.Active);
        _book.Stopped(_second);
        Assert.False(_book.Active);

        _book.Wish = RunWish.Run;
        _book.AskAnew();
        Assert.Equal([_first, _second], Asked());
    }

    [Fact]
    public async Task TheStoreTellsHowAJobEnded()
    {
        var store = new MemoryBlobStore();
        var open = await RunBook.ReadOutcomeAsync(store, _first);
        Assert.Equal(JobOutcome.Open, open.Outcome);
        Assert.Null(open.Record);

        var record = new JobRecord { Failure = "it diverged", Quarantined = true };
        await store.PutAsync(JobRecord.BlobName(_first), JsonSerializer.SerializeToUtf8Bytes(record, JobRecord.Json), PutCondition.Always);
        var read = await RunBook.ReadOutcomeAsync(store, _first);
        Assert.Equal((JobOutcome.Failed, "it diverged"), (read.Outcome, read.Record!.Failure));

        await (await JobFence.TakeOverAsync(store, _first, "silo", "claim", "start")).CommitResultAsync(new JobResult { Job = _first });
        Assert.Equal(JobOutcome.Done, (await RunBook.ReadOutcomeAsync(store, _first)).Outcome);
    }

    private IEnumerable<JobId> Asked() => _book.Ask().Select(x => x.Id).ToArray();
}
