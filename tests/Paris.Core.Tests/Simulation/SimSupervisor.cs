using Paris.Core.Jobs;
using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Simulation;

/// <summary>The supervisor's grain: ensures every run and pings what <see cref="SupervisorScan"/> names.</summary>
internal sealed class SimSupervisor(SimCluster cluster, SimSilo silo, IReadOnlyList<string> runs) : SimGrain(cluster, silo, GrainKey)
{
    public const string GrainKey = "supervisor";

    private const double ScanPeriod = 1.5;

    private readonly SupervisorScan _scan = new(cluster.Loop, new SchedulingOptions());
    private readonly Dictionary<string, bool> _active = new(StringComparer.Ordinal);
    private double _scannedAt = double.NegativeInfinity;

    /// <summary>A run goes on: look after it again.</summary>
    public void Watch(string run) => _active[run] = true;

    public async Task<bool> TickAsync()
    {
        if (Loop.Now - _scannedAt < ScanPeriod)
        {
            return true;
        }

        _scannedAt = Loop.Now;
        await Task.WhenAll(runs.Where(x => _active.GetValueOrDefault(x, true)).Select(async run =>
        {
            try
            {
                _active[run] = await Cluster.CallAsync(Silo, SimRun.KeyOf(run), grain => ((SimRun)grain).EnsureAsync());
            }
            catch (SimCallException exception)
            {
                Loop.Log($"{run} could not be looked after: {exception.Message}");
            }
        }));
        var wanted = await Task.WhenAll(runs.Where(x => _active.GetValueOrDefault(x))
            .Select(x => Cluster.CallAsync(Silo, SimRun.KeyOf(x), grain => Task.FromResult(((SimRun)grain).Wanted))));
        if (wanted.Length == 0)
        {
            return true;
        }

        var accountedFor = await Cluster.CallAsync(Silo, SimScheduler.GrainKey, grain => Task.FromResult(((SimScheduler)grain).AccountedFor()));
        foreach (var job in _scan.Scan([.. wanted.SelectMany(x => x)], accountedFor))
        {
            Loop.Log($"the supervisor pings {job}");
            Cluster.Forget(Silo, SimJob.KeyOf(JobId.Parse(job)), grain => ((SimJob)grain).WakeAsync());
        }

        return true;
    }
}
