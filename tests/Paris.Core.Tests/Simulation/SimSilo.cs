using Paris.Core.Jobs;
using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Simulation;

/// <summary>A silo process with its agent: the slots, the pipes to the workers, and the two heartbeats.</summary>
internal sealed class SimSilo : IDeviceAgent
{
    private const double ReportPeriod = 2;

    /// <summary>A worker without a word for this long is killed.</summary>
    private const double Watchdog = 20;

    /// <summary>How often the end of a worker is told again.</summary>
    private const int EndAttempts = 15;

    private readonly SortedDictionary<string, SimWorker?> _workers = new(StringComparer.Ordinal);
    private readonly SimCluster _cluster;
    private readonly Func<SimSilo, string, JobId, string, SimWorker> _start;

    public SimSilo(SimCluster cluster, SimNode node, int slots, Func<SimSilo, string, JobId, string, SimWorker> start)
    {
        (_cluster, Node, _start) = (cluster, node, start);
        Process = new SimProcess(cluster.Loop);
        Address = $"{node.Name}@{++node.Generation}";
        for (var slot = 0; slot < slots; slot++)
        {
            _workers[$"cpu-{slot}"] = null;
        }
    }

    public SimNode Node { get; }

    public SimProcess Process { get; }

    public string Name => Node.Name;

    public string Silo => Name;

    public string Address { get; }

    public bool Draining { get; private set; }

    public IEnumerable<SimWorker> Workers => _workers.Values.OfType<SimWorker>();

    public void Run()
    {
        Process.Go(ReportAsync);
        Process.Go(TickAsync);
    }

    public bool TryStart(string slot, JobId job, string claim, int split)
    {
        if (Draining || !_workers.TryGetValue(slot, out var busy) || busy is not null || Workers.Any(x => x.Job == job))
        {
            return false;
        }

        var worker = _start(this, slot, job, claim);
        _workers[slot] = worker;
        worker.Start();
        Process.Go(() => TellAsync(worker));
        SlotsChanged();
        return true;
    }

    public LocalWorker? Find(JobId job) => Workers.FirstOrDefault(x => x.Job == job) is { } worker ? new LocalWorker(worker.Slot, worker.Claim, worker.Seen.Epoch) : null;

    public void RequestStop(JobId job, string reason) => Workers.FirstOrDefault(x => x.Job == job)?.Stop(reason);

    public void SlotsChanged() => Process.Go(ReportOnceAsync);

    /// <summary>SIGTERM: nothing new starts, every worker commits and stops.</summary>
    public void Drain()
    {
        Draining = true;
        foreach (var worker in Workers)
        {
            worker.Stop("the silo drains");
        }

        SlotsChanged();
    }

    /// <summary>A worker's process has ended.</summary>
    public void OnEnded(SimWorker worker) => Process.Go(async () =>
    {
        _workers[worker.Slot] = null;

        // The scheduler first: when the job asks again, its old slot is free.
        await ReportOnceAsync();
        for (var attempt = 0; attempt < EndAttempts; attempt++)
        {
            if (await TellOnceAsync(worker))
            {
                return;
            }

            await Process.DelayAsync(1);
        }
    });

    private async Task TellAsync(SimWorker worker)
    {
        while (!worker.Seen.Ended)
        {
            await Process.DelayAsync(1);
            if (worker.Seen.Ended)
            {
                return;
            }

            if (_cluster.Loop.Now - worker.SeenAt > Watchdog)
            {
                worker.Exit(137, "killed: it hangs");
                return;
            }

            await TellOnceAsync(worker);
        }
    }

    private async Task<bool> TellOnceAsync(SimWorker worker)
    {
        try
        {
            var report = worker.Seen;
            var (answer, order) = await _cluster.CallAsync(this, SimJob.KeyOf(worker.Job), grain => ((SimJob)grain).ReportAsync(report));
            worker.Order = order;
            if (answer.StopReason.Length > 0)
            {
                worker.Stop(answer.StopReason);
            }

            return true;
        }
        catch (SimCallException)
        {
            return false;
        }
    }

    private async Task ReportAsync()
    {
        while (true)
        {
            await ReportOnceAsync();
            await Process.DelayAsync(ReportPeriod * _cluster.Loop.Between(0.75, 1.25));
        }
    }

    private async Task ReportOnceAsync()
    {
        var report = new SiloReport(
            Name,
            Address,
            [.. _workers.Select(x => (x.Value is { } worker ? OfWorker(worker) : new SlotReport(x.Key, "cpu")) with { Facts = Node.Facts })],
            Draining);
        try
        {
            await _cluster.CallAsync(this, SimScheduler.GrainKey, grain => Task.FromResult(((SimScheduler)grain).Report(report)));
        }
        catch (SimCallException)
        {
            // The next one comes in two seconds.
        }
    }

    private static SlotReport OfWorker(SimWorker worker) => new(worker.Slot, "cpu", worker.Job.Key, worker.Seen.Epoch, worker.Claim)
    {
        Order = worker.Order,
        Work = new RunningWork(worker.Order?.Demand.SampleRate(worker.Seen.Rate, worker.Seen.Unit) ?? 0, worker.Seen.Step, worker.Seen.Total, worker.Seen.CommittedStep, worker.Seen.Seconds, 1, 0.1),
    };

    private async Task TickAsync()
    {
        while (true)
        {
            try
            {
                await _cluster.CallAsync(this, SimSupervisor.GrainKey, grain => ((SimSupervisor)grain).TickAsync());
            }
            catch (SimCallException)
            {
                // The next one comes in two seconds.
            }

            await Process.DelayAsync(ReportPeriod * _cluster.Loop.Between(0.75, 1.25));
        }
    }
}
