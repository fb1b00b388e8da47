namespace Paris.Core.Scheduling;

/// <summary>Compares the jobs that should run with those that are reported or queued, and names the ones that fell silent.</summary>
public sealed class SupervisorScan(TimeProvider time, SchedulingOptions options)
{
    private readonly Dictionary<string, long> _silentSince = new(StringComparer.Ordinal);

    /// <summary>One scan.</summary>
    /// <param name="wanted">Keys of the jobs that should run now.</param>
    /// <param name="accountedFor">Keys of the jobs that a silo reports as running, or that hold a reservation or a place in the queue.</param>
    /// <param name="lost">A silo has just been lost: nobody waits for the silence of its jobs.</param>
    /// <returns>The jobs to ping now; each again after another <see cref="SchedulingOptions.Silence"/>.</returns>
    public IReadOnlyList<string> Scan(IReadOnlyCollection<string> wanted, IReadOnlySet<string> accountedFor, bool lost = false)
    {
        var silence = lost ? TimeSpan.Zero : options.Silence;
        var now = time.GetTimestamp();
        List<string> ping = [];
        foreach (var job in wanted)
        {
            if (accountedFor.Contains(job))
            {
                _silentSince.Remove(job);
            }
            else if (time.GetElapsedTime(_silentSince.TryGetValue(job, out var since) ? since : _silentSince[job] = now, now) >= silence)
            {
                ping.Add(job);
                _silentSince[job] = now;
            }
        }

        foreach (var gone in _silentSince.Keys.Except(wanted).ToArray())
        {
            _silentSince.Remove(gone);
        }

        return ping;
    }
}
