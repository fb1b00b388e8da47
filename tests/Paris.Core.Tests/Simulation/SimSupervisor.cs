using Paris.Core.Jobs;
using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Simulation;

/// <summary>The supervisor's grain: ensures every run and pings what <see cref="SupervisorScan"/> names.</summary>
internal sealed class SimSupervisor(SimCluster cluster, SimSilo silo, IReadOnlyList<string> runs) : SimGrain(cluster, silo, GrainKey)
{
    public const string GrainKey = "supervisor";

    private const double ScanPeriod = 1.5;

    /// <summary>How long after the loss of a silo jobs that nobody accounts for are pinged without waiting.</summary>
    private const double Haste = 6;

    /// <summary>How long a scan waits for the runs.</summary>
    private const double Patience = 6;

    private readonly SupervisorScan _scan = new(cluster.Loop, new SchedulingOptions());
    private readonly Dictionary<string, bool> _active = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _asking = new(StringComparer.Ordinal);
    private long _questions;
    private HashSet<string> _members = [];
    private double _lostAt = double.NegativeInfinity;
    private double _scannedAt = double.NegativeInfinity;

    /// <summary>A run goes on: look after it again.</summary>
    public void Watch(string run)
    {
        _active[run] = true;
        _asking.Remove(run);
    }

    public async Task<bool> TickAsync()
    {
        var members = Cluster.Members.Select(x => x.Address).ToHashSet();
        if (Loop.Now - _scannedAt < ScanPeriod && members.SetEquals(_members))
        {
            return true;
        }

        if (_members.Count == 0 || !_members.IsSubsetOf(members))
        {
            _lostAt = Loop.Now;
        }

        _members = members;

        _scannedAt = Loop.Now;
        var asked = runs.Where(x => _active.GetValueOrDefault(x, true) && !_asking.ContainsKey(x)).ToArray().Select(LookAfterAsync).ToArray();
        await Task.WhenAny(Task.WhenAll(asked), Silo.Process.DelayAsync(Patience));
        var wanted = await Task.WhenAll(runs.Where(x => _active.GetValueOrDefault(x, true)).ToArray().Select(WantedAsync));
        if (wanted.Length == 0)
        {
            return true;
        }

        var accountedFor = await Cluster.CallAsync(Silo, SimScheduler.GrainKey, grain => Task.FromResult(((SimScheduler)grain).AccountedFor()));
        foreach (var job in _scan.Scan([.. wanted.SelectMany(x => x)], accountedFor, Loop.Now - _lostAt < Haste))
        {
            Loop.Log($"the supervisor pings {job}");
            Cluster.Forget(Silo, SimJob.KeyOf(JobId.Parse(job)), grain => ((SimJob)grain).WakeAsync());
        }

        return true;
    }

    private async Task LookAfterAsync(string run)
    {
        var question = _asking[run] = ++_questions;
        try
        {
            var active = await Cluster.CallAsync(Silo, SimRun.KeyOf(run), grain => ((SimRun)grain).EnsureAsync());
            if (Counts())
            {
                _active[run] = active;
            }
        }
        catch (SimCallException exception)
        {
            Loop.Log($"{run} could not be looked after: {exception.Message}");
        }
        finally
        {
            if (Counts())
            {
                _asking.Remove(run);
            }
        }

        bool Counts() => _asking.TryGetValue(run, out var last) && last == question;
    }

    private async Task<string[]> WantedAsync(string run)
    {
        try
        {
            var answer = Cluster.CallAsync(Silo, SimRun.KeyOf(run), grain => Task.FromResult(((SimRun)grain).Wanted), interleave: true);
            return await Task.WhenAny(answer, Silo.Process.DelayAsync(Patience)) == answer ? await answer : [];
        }
        catch (SimCallException)
        {
            return [];
        }
    }
}
