using Microsoft.Extensions.Logging;

namespace Paris.Grains;

/// <summary>
/// Finds the unfinished runs of the store, keeps their grains alive, and pings the jobs that fell silent
/// (<see cref="SupervisorScan"/>). Holds nothing that the next tick would not find again.
/// </summary>
[KeepAlive]
public sealed class JobSupervisorGrain(IBlobStore store, ISiloStatusOracle silos, TimeProvider time, ILogger<JobSupervisorGrain> logger) : Grain, IJobSupervisorGrain
{
    /// <summary>Every silo ticks every two seconds; the cluster needs one scan in that time.</summary>
    private static readonly TimeSpan _scanPeriod = TimeSpan.FromSeconds(1.5);

    /// <summary>How long a scan waits for the runs; one that takes longer holds up no other, and its answer counts when it comes.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(6);

    /// <summary>How long after the loss of a silo jobs that nobody accounts for are pinged without waiting: the others may learn of it a moment later.</summary>
    private static readonly TimeSpan _haste = TimeSpan.FromSeconds(6);

    /// <summary>How often the store is searched for runs that nobody announced.</summary>
    private static readonly TimeSpan _searchPeriod = TimeSpan.FromMinutes(5);

    private const string Prefix = "runs/";
    private const string Suffix = "/spec.json";

    private readonly SupervisorScan _scan = new(time, new SchedulingOptions());

    /// <summary>Every run known, with its newest summary; null until it was asked.</summary>
    private readonly Dictionary<string, RunSummary?> _runs = new(StringComparer.Ordinal);

    /// <summary>The runs whose answers have not come, each with the number of its question.</summary>
    private readonly Dictionary<string, long> _asking = new(StringComparer.Ordinal);

    private HashSet<SiloAddress> _members = [];
    private long? _lostAt;
    private long _questions;
    private long? _scannedAt;
    private long? _searchedAt;

    public async Task TickAsync(string silo)
    {
        // Silos tick at once when one of them comes or goes; the first such tick is a scan, whenever the last was.
        var members = silos.GetApproximateSiloStatuses(onlyActive: true).Keys.ToHashSet();
        if (_scannedAt is { } at && time.GetElapsedTime(at) < _scanPeriod && members.SetEquals(_members))
        {
            return;
        }

        if (_members.Count == 0 || !_members.IsSubsetOf(members))
        {
            // A fresh supervisor does not know whom it survived.
            _lostAt = time.GetTimestamp();
        }

        _members = members;
        _scannedAt = time.GetTimestamp();
        await Failures.TranslateAsync(async () =>
        {
            await SearchAsync();
            await LookAfterAsync(_runs.Where(x => x.Value is not { Active: false }).Select(x => x.Key));
            await PingAsync();
            return true;
        });
    }

    public Task WatchAsync(string run)
    {
        _runs[run] = null;

        // An answer of before it was announced does not count.
        _asking.Remove(run);
        return Task.CompletedTask;
    }

    public async Task<RunSummary[]> ListRunsAsync()
    {
        return await Failures.TranslateAsync(async () =>
        {
            await SearchAsync();
            await LookAfterAsync(_runs.Where(x => x.Value is null or { Active: true } or { State: RunState.Paused }).Select(x => x.Key));
            return _runs.Select(x => x.Value ?? new RunSummary { Run = x.Key })
                .OrderByDescending(x => x.Submitted)
                .ThenBy(x => x.Run, StringComparer.Ordinal)
                .ToArray();
        });
    }

    private async Task SearchAsync()
    {
        if (_searchedAt is { } at && time.GetElapsedTime(at) < _searchPeriod)
        {
            return;
        }

        await foreach (var blob in store.ListAsync(Prefix))
        {
            if (blob.Name.EndsWith(Suffix, StringComparison.Ordinal) && blob.Name.Count(c => c == '/') == 2)
            {
                _runs.TryAdd(blob.Name[Prefix.Length..^Suffix.Length], null);
            }
        }

        _searchedAt = time.GetTimestamp();
        GrainLog.SupervisorWatches(logger, _runs.Count);
    }

    private async Task LookAfterAsync(IEnumerable<string> runs)
    {
        var asked = runs.Where(x => !_asking.ContainsKey(x)).ToArray().Select(LookAfterAsync).ToArray();
        await Task.WhenAny(Task.WhenAll(asked), Task.Delay(_patience, time));
    }

    private async Task LookAfterAsync(string run)
    {
        var question = _asking[run] = ++_questions;
        try
        {
            var summary = await GrainFactory.GetGrain<IRunGrain>(run).EnsureAsync();
            if (Counts())
            {
                _runs[run] = summary;
            }
        }
        catch (ParisException exception) when (exception.Code == ParisException.NotFound)
        {
            if (Counts())
            {
                _runs.Remove(run);
            }
        }
        catch (Exception exception)
        {
            GrainLog.RunFailedToEnsure(logger, run, exception);
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

    private async Task PingAsync()
    {
        // Also of the runs that have not answered: what they want they say in between.
        var wanted = await Task.WhenAll(_runs.Where(x => x.Value is not { Active: false }).Select(x => WantedAsync(x.Key)).ToArray());
        if (wanted.Length == 0)
        {
            return;
        }

        var lost = _lostAt is { } at && time.GetElapsedTime(at) < _haste;
        HashSet<string> accountedFor = [.. await GrainFactory.Scheduler().GetAccountedForAsync()];
        foreach (var job in _scan.Scan([.. wanted.SelectMany(x => x)], accountedFor, lost))
        {
            GrainLog.SupervisorPings(logger, job);
            GrainFactory.GetJob(job).WakeAsync().Forget(exception => GrainLog.MessageLost(logger, job, exception));
        }
    }

    private async Task<string[]> WantedAsync(string run)
    {
        try
        {
            return await GrainFactory.GetGrain<IRunGrain>(run).GetWantedJobsAsync().WaitAsync(_patience, time);
        }
        catch (Exception exception)
        {
            GrainLog.RunFailedToEnsure(logger, run, exception);
            return [];
        }
    }
}
