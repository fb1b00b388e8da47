using Paris.Core.Jobs;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Jobs;

public sealed class RetryBudgetTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0, null, false, null)]
    [InlineData(10, null, false, null)]
    [InlineData(11, null, false, null)]
    [InlineData(12, null, false, null)]
    [InlineData(13, null, false, FailureCause.Divergence)]
    [InlineData(14, null, false, FailureCause.Storage)]
    [InlineData(15, null, false, FailureCause.OutOfMemory)]
    [InlineData(1, null, false, FailureCause.Crash)]
    [InlineData(134, "terminate called", false, FailureCause.Crash)]
    [InlineData(134, "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes", false, FailureCause.OutOfMemory)]
    [InlineData(1, "CUDA out of memory. Tried to allocate 20.00 MiB", false, FailureCause.OutOfMemory)]
    [InlineData(139, null, false, FailureCause.Crash)]
    [InlineData(137, null, true, FailureCause.OutOfMemory)]
    [InlineData(137, null, false, FailureCause.Crash)]
    [InlineData(9, null, true, FailureCause.OutOfMemory)]
    public void ExitsAreClassified(int code, string? error, bool memoryKill, FailureCause? cause)
    {
        var exit = new WorkerExit(code, error, memoryKill);
        Assert.Equal(cause, exit.Cause);
        Assert.Equal(cause, new RetryBudget(_time).RecordExit(exit)?.Cause);
    }

    [Fact]
    public void EveryCauseHasABudgetOfItsOwn()
    {
        var budget = new RetryBudget(_time, new RetryBudgetOptions { Crash = Allow(2), OutOfMemory = Allow(1), Storage = Allow(3), Divergence = Allow(0) });
        Assert.Equal([true, true, false], Fail(FailureCause.Crash, 3));
        Assert.Equal([true, false], Fail(FailureCause.OutOfMemory, 2));
        Assert.Equal([true, true, true, false], Fail(FailureCause.Storage, 4));
        Assert.Equal([false], Fail(FailureCause.Divergence, 1));
        Assert.Equal(10, budget.State.Total);

        // A commit shows that the job works.
        budget.RecordProgress();
        Assert.Equal([true, true, false], Fail(FailureCause.Crash, 3));
        Assert.Equal(13, budget.State.Total);

        bool[] Fail(FailureCause cause, int times) => [.. Enumerable.Range(0, times).Select(_ => budget.RecordFailure(cause).Retry)];
    }

    [Fact]
    public void DelaysDoubleWithJitterUpToTheirMaximum()
    {
        var delays = Delays(seed: 7);
        for (var i = 0; i < delays.Length; i++)
        {
            var nominal = Math.Min(60, Math.Pow(2, i));
            Assert.InRange(delays[i].TotalSeconds, 0.75 * nominal, 1.25 * nominal);
        }

        Assert.Equal(delays, Delays(seed: 7));
        Assert.NotEqual(delays, Delays(seed: 8));

        TimeSpan[] Delays(ulong seed)
        {
            var budget = new RetryBudget(_time, new RetryBudgetOptions { Crash = new RetryAllowance(10, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)) }, seed: seed);
            return [.. Enumerable.Range(0, 10).Select(_ => budget.RecordFailure(FailureCause.Crash).Delay)];
        }
    }

    [Fact]
    public void NothingStartsBeforeItsTime()
    {
        var budget = new RetryBudget(_time);
        Assert.True(budget.MayStart);
        var delay = budget.RecordFailure(FailureCause.Crash).Delay;
        Assert.False(budget.MayStart);
        _time.Advance(delay - TimeSpan.FromMilliseconds(1));
        Assert.False(budget.MayStart);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(budget.MayStart);
    }

    [Fact]
    public void TheStateOutlivesItsHolder()
    {
        var options = new RetryBudgetOptions { Crash = Allow(2) };
        var first = new RetryBudget(_time, options);
        first.RecordFailure(FailureCause.Crash);
        var json = System.Text.Json.JsonSerializer.Serialize(first.State, WorkerProtocol.Json);
        var second = new RetryBudget(_time, options, System.Text.Json.JsonSerializer.Deserialize<RetryState>(json, WorkerProtocol.Json));
        Assert.Equal(first.State, second.State);
        Assert.False(second.MayStart);
        Assert.Equal(2, second.RecordFailure(FailureCause.Crash).Attempt);
        var last = second.RecordFailure(FailureCause.Crash);
        Assert.False(last.Retry);
        Assert.Contains("quarantined", last.Reason, StringComparison.Ordinal);
    }

    private static RetryAllowance Allow(int retries) => new(retries, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
}
