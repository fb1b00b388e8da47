using System.Text.RegularExpressions;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Paris.FaultProxy;
using Xunit;

namespace Paris.Worker.Tests;

/// <summary>What a real worker does where its memory, its checkpoints or its inputs are not as they should be. Slow: processes.</summary>
[Collection(AzuriteGroup.Name)]
public sealed partial class FailingWorkerTests(TinyRun run, AzuriteFixture azurite) : IClassFixture<TinyRun>
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    /// <summary>The newest checkpoint is damaged in the store: the one before is used, everybody is told, and the result is the undisturbed one's.</summary>
    [Fact]
    public async Task A_poisoned_checkpoint_is_skipped()
    {
        var undisturbed = run.Copy("undisturbed");
        WorkerProcess.Complete(undisturbed, run.Expert, TinyRun.NewClaim());
        var location = run.Copy("poisoned");
        using (var worker = WorkerProcess.Start(location, run.Expert, TinyRun.NewClaim()))
        {
            while (worker.Next<CommittedEvent>(_patience)!.Step < 60)
            {
                // Some checkpoints first.
            }

            worker.Kill();
        }

        var store = BlobStoreFactory.Open(location);
        var head = run.Head(location)!;
        Assert.True(head.Checkpoints.Count >= 2);
        var (newest, before) = (head.Checkpoints[0], head.Checkpoints[1]);
        var bytes = (await store.GetAsync(newest.Name))!.Bytes;
        bytes[^100] ^= 1;
        await store.PutAsync(newest.Name, bytes, PutCondition.Always);

        using var next = WorkerProcess.Start(location, run.Expert, TinyRun.NewClaim());
        Assert.Equal(before.Step, next.Next<ReadyEvent>(_patience)!.Step);
        Assert.Equal(0, next.WaitForExit(_patience));
        Assert.Contains($"checkpoint '{newest.Name}' of step {newest.Step} is missing or fails its SHA-256", next.Log, StringComparison.Ordinal);
        var after = run.Head(location)!;
        Assert.StartsWith($"fallback: to step {before.Step}", after.Reason, StringComparison.Ordinal);
        Assert.Contains(newest.Name, after.Reason, StringComparison.Ordinal);

        // Two starts and the fallback.
        Assert.Equal(3, after.Epoch);
        Assert.Equal(run.Result(undisturbed)!.Facts["weights-sha256"], run.Result(location)!.Facts["weights-sha256"]);
    }

    /// <summary>A head that sends expert 0 to expert 1's checkpoint: refused, counted by its size, and not tried again.</summary>
    [Fact]
    public void Another_experts_checkpoint_is_refused_and_counted()
    {
        var location = run.Copy("between");
        var theirs = TinyRun.LureToOtherExpert(location, run.Expert);
        using var worker = WorkerProcess.Start(location, run.Expert, TinyRun.NewClaim());
        var events = worker.Rest(_patience);
        Assert.Equal((int)WorkerExitCode.BadInput, worker.WaitForExit(_patience));
        Assert.Equal(theirs.Bytes, events.OfType<MetricEvent>().Last(metric => metric.Name == "bytes-between-experts").Value);
        Assert.Contains(theirs.Name, Assert.Single(events.OfType<FailedEvent>()).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(events, message => message is ReadyEvent);
    }

    /// <summary>
    /// The store breaks every connection off, from the first checkpoint on until the training has come to its last step: it goes on, waits for its last
    /// commit, and is the undisturbed one when the store is back; the same worker, in the same epoch. (45 s and the limit of 10 minutes are
    /// tested on a clock of their own: TrainingLoopTests.)
    /// </summary>
    [AzuriteFact]
    public async Task Through_an_outage_of_the_store_a_training_goes_on_and_commits_afterwards()
    {
        var undisturbed = run.Copy("no-outage");
        WorkerProcess.Complete(undisturbed, run.Expert, TinyRun.NewClaim());
        await using var proxy = await HttpFaultProxy.StartAsync(azurite.Endpoint!);
        var location = $"azure:{azurite.ConnectionString}container=outage";
        run.CopyTo(location);
        using var worker = WorkerProcess.Start(proxy.Through(location), run.Expert, TinyRun.NewClaim());

        // On a busy machine the first commit can be told after the last step: no step may be missed on the way.
        ProgressEvent? progress = null;
        Assert.NotNull(worker.Next<WorkerEvent>(_patience, told =>
        {
            progress = told as ProgressEvent ?? progress;
            return told is CommittedEvent;
        }));
        proxy.Refuse = true;
        while (progress is null || progress.Step < progress.Total)
        {
            progress = worker.Next<ProgressEvent>(_patience);
            Assert.NotNull(progress);
        }

        Assert.NotNull(worker.Next<MetricEvent>(_patience, metric => metric.Name == "checkpoint-retries"));
        Assert.True(run.Head(location)!.Step < progress.Total);
        proxy.Refuse = false;
        Assert.True(worker.WaitForExit(_patience) == 0, worker.Log);
        Assert.True(proxy.Counters.Refused > 0);
        Assert.Equal((1, progress.Total), (run.Head(location)!.Epoch, run.Head(location)!.Step));
        Assert.Equal(run.Result(undisturbed)!.Facts["weights-sha256"], run.Result(location)!.Facts["weights-sha256"]);
    }

    /// <summary>Every socket that an undisturbed training opens leads to the store; with a store in a folder there is none.</summary>
    [StraceFact]
    public void A_training_talks_to_its_store_and_to_nobody_else()
    {
        Assert.Empty(Connections(run.Copy("sockets")));
        if (AzuriteFixture.SkipReason is null)
        {
            var location = $"azure:{azurite.ConnectionString}container=sockets";
            run.CopyTo(location);
            var connections = Connections(location);
            Assert.NotEmpty(connections);
            Assert.All(connections, peer => Assert.Equal($"{azurite.Endpoint!.Host}:{azurite.Endpoint.Port}", peer));
        }
    }

    /// <summary>
    /// Under a limit of its memory the whole batch does not fit: the worker says so with its own exit code. With more parts it fits, and the
    /// loss is the unlimited one's up to rounding.
    /// </summary>
    [Fact]
    public void A_worker_without_memory_says_so_and_with_more_parts_it_fits()
    {
        var spec = TinyRun.Hungry(run.Spec);
        var unlimited = run.Copy("unlimited");
        TinyRun.Respec(unlimited, spec);
        WorkerProcess.Complete(unlimited, run.Expert, TinyRun.NewClaim());

        var limited = run.Copy("limited");
        TinyRun.Respec(limited, spec);
        string[] limit = ["sh", "-c", $"ulimit -d {TinyRun.HungryLimit >> 10}; exec \"$@\"", "--"];
        using (var worker = WorkerProcess.Start(limited, run.Expert, TinyRun.NewClaim(), prefix: limit))
        {
            var events = worker.Rest(_patience);
            Assert.Equal((int)WorkerExitCode.OutOfMemory, worker.WaitForExit(_patience));
            var failed = Assert.Single(events.OfType<FailedEvent>()).Message;
            Assert.True(WorkerExit.SaysOutOfMemory(failed), failed);
            Assert.DoesNotContain('\n', failed);
        }

        using (var worker = WorkerProcess.Start(limited, run.Expert, TinyRun.NewClaim(), split: 8, prefix: limit))
        {
            Assert.True(worker.WaitForExit(_patience) == 0, worker.Log);
            Assert.Contains("in 8 parts instead of 1", worker.Log, StringComparison.Ordinal);
        }

        var (whole, parts) = (run.Result(unlimited)!.Metrics["loss"], run.Result(limited)!.Metrics["loss"]);
        Assert.Equal(whole, parts, 1e-3 * whole);
    }

    /// <summary>The internet addresses that an undisturbed training connects to; it also tells that it read nothing of other experts.</summary>
    private List<string> Connections(string location)
    {
        var trace = Path.Combine(run.Folder, $"trace-{Guid.NewGuid():N}.txt");
        using var worker = WorkerProcess.Start(location, run.Expert, TinyRun.NewClaim(), prefix: [StraceFactAttribute.Path, "-f", "-qq", "-e", "trace=connect,sendto", "-o", trace]);
        var events = worker.Rest(_patience);
        Assert.True(worker.WaitForExit(_patience) == 0, worker.Log);
        var between = events.OfType<MetricEvent>().Where(metric => metric.Name == "bytes-between-experts").ToArray();
        Assert.True(between.Length > 2);
        Assert.All(between, metric => Assert.Equal(0, metric.Value));
        return [.. File.ReadLines(trace).Select(line => Peer().Match(line)).Where(match => match.Success).Select(match => $"{match.Groups["address"].Value}:{match.Groups["port"].Value}").Distinct()];
    }

    [GeneratedRegex(@"sa_family=AF_INET6?, sin6?_port=htons\((?<port>\d+)\).*?(inet_addr\(|inet_pton\(AF_INET6, )""(::ffff:)?(?<address>[^""]+)""")]
    private static partial Regex Peer();
}
