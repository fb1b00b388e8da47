using System.Text;
using Paris.Core.Faults;
using Paris.Core.Jobs;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Faults;

/// <summary>Armed faults are the process's: each test uses subjects of its own.</summary>
public sealed class FaultPointsTests
{
    [Theory]
    [InlineData("head-after-commit:kill:1", FaultPoint.HeadAfterCommit, FaultAction.Kill, 1, "", 5)]
    [InlineData("worker-start:hang", FaultPoint.WorkerStart, FaultAction.Hang, null, "", 5)]
    [InlineData("report-lost@demo/expert/3:throw", FaultPoint.ReportLost, FaultAction.Throw, null, "demo/expert/3", 5)]
    [InlineData("checkpoint-before-upload:delay=0.25:7", FaultPoint.CheckpointBeforeUpload, FaultAction.Delay, 7, "", 0.25)]
    public void ARuleIsReadAndWritten(string text, FaultPoint point, FaultAction action, int? count, string subject, double seconds)
    {
        var rule = Assert.Single(FaultRule.Parse(text));

        Assert.Equal(new FaultRule(point, action, count, subject, seconds), rule);
        Assert.Equal(rule, Assert.Single(FaultRule.Parse(rule.ToString())));
    }

    [Fact]
    public void SeveralAreSeparatedByCommas() => Assert.Equal(2, FaultRule.Parse("worker-start:kill:1, head-before-commit:throw").Count);

    [Theory]
    [InlineData("head-after-comit:kill", "There is no fault point 'head-after-comit'; there are worker-start, take-over-before")]
    [InlineData("worker-start:explode", "has the action 'explode'; there are throw, kill, hang and delay")]
    [InlineData("worker-start:1", "has the action '1'")]
    [InlineData("worker-start:kill:0", "has the count '0'")]
    [InlineData("worker-start:kill=3", "only delay takes one")]
    [InlineData("worker-start:delay=soon", "such as delay=0.5")]
    [InlineData("worker-start", "is not NAME:ACTION")]
    public void WhatIsUnknownIsRefusedWithWhatThereIs(string text, string expected)
        => Assert.Contains(expected, Assert.Throws<ParisInputException>(() => FaultRule.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void AFaultHappensAsOftenAsAskedAndOnlyToItsSubject()
    {
        using var armed = FaultPoints.Arm(new FaultRule(FaultPoint.WorkerStart, FaultAction.Throw, 2, "counted/"));

        FaultPoints.Hit(FaultPoint.WorkerStart, "other/expert/0");
        FaultPoints.Hit(FaultPoint.TakeOverBefore, "counted/expert/0");
        Assert.Throws<FaultInjectedException>(() => FaultPoints.Hit(FaultPoint.WorkerStart, "counted/expert/0"));
        Assert.Throws<FaultInjectedException>(() => FaultPoints.Hit(FaultPoint.WorkerStart, "counted/expert/1"));
        FaultPoints.Hit(FaultPoint.WorkerStart, "counted/expert/0");
    }

    [Fact]
    public void AfterItIsDisposedNothingHappens()
    {
        FaultPoints.Arm(new FaultRule(FaultPoint.WorkerStart, FaultAction.Throw, Subject: "disposed/")).Dispose();

        FaultPoints.Hit(FaultPoint.WorkerStart, "disposed/expert/0");
    }

    /// <summary>Each point of a commit lies where its name says.</summary>
    [Theory]
    [InlineData(FaultPoint.CheckpointBeforeUpload, false, false)]
    [InlineData(FaultPoint.CheckpointAfterUpload, true, false)]
    [InlineData(FaultPoint.HeadBeforeCommit, true, false)]
    [InlineData(FaultPoint.HeadAfterCommit, true, true)]
    public async Task ACommitBrokenAtAPointLeavesWhatThePointSays(FaultPoint point, bool uploaded, bool committed)
    {
        var store = new MemoryBlobStore();
        var job = JobId.ForExpert($"faults-{FaultRule.NameOf(point)}", 0);
        var fence = await JobFence.TakeOverAsync(store, job, "silo", "claim-1", "start");

        // Whoever commits repeats a fault of the store; here it happens every time.
        using (FaultPoints.Arm(new FaultRule(point, FaultAction.Throw, Subject: job.Run)))
        {
            await Assert.ThrowsAsync<FaultInjectedException>(() => CommitAsync(fence));
        }

        Assert.Equal(uploaded, store.Blobs.Keys.Any(x => x.Contains("step-", StringComparison.Ordinal)));
        Assert.Equal(committed, (await JobFence.ReadHeadAsync(store, job))!.Step == 10);

        // The next commit of the same worker does what is left.
        await CommitAsync(fence);
        Assert.Equal(10, (await JobFence.ReadHeadAsync(store, job))!.Step);
        Assert.Single(store.Blobs.Keys, x => x.Contains("step-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ATakeOverBrokenAfterItsPutIsTheSameTakeOverWhenRepeated()
    {
        var store = new MemoryBlobStore();
        var job = JobId.ForExpert("faults-take-over", 0);
        using (FaultPoints.Arm(new FaultRule(FaultPoint.TakeOverAfter, FaultAction.Throw, Subject: job.Run)))
        {
            await Assert.ThrowsAsync<FaultInjectedException>(() => JobFence.TakeOverAsync(store, job, "silo", "claim-1", "start"));
        }

        Assert.Equal(1, (await JobFence.TakeOverAsync(store, job, "silo", "claim-1", "start")).Epoch);
    }

    private static async Task CommitAsync(JobFence fence)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("weights"));
        await fence.CommitCheckpointAsync(10, content, 2);
    }
}
