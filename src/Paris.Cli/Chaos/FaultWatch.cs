using Paris.Core.Jobs;
using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>
/// Watches a cluster through one fault: fed with what the gateway says of the jobs, it tells when the touched ones train again, how many
/// steps they lost, and which others were disturbed.
/// </summary>
internal sealed class FaultWatch
{
    private readonly ChaosFault _fault;
    private readonly Dictionary<string, Track> _touched;
    private readonly Dictionary<string, int> _others;
    private readonly HashSet<string> _disturbed = new(StringComparer.Ordinal);
    private readonly TimeSpan _end;

    /// <param name="fault">What was done.</param>
    /// <param name="jobs">The running jobs just before.</param>
    /// <param name="touched">Keys of those that the fault touches.</param>
    /// <param name="end">When it ended, on the clock of <see cref="See"/>: for a kill its moment.</param>
    public FaultWatch(ChaosFault fault, IEnumerable<JobView> jobs, IReadOnlySet<string> touched, TimeSpan end)
    {
        (_fault, _end) = (fault, end);
        var running = jobs.Where(x => x.State == "running").ToArray();
        _touched = running.Where(x => touched.Contains(x.Key)).ToDictionary(x => x.Key, x => new Track(x.Epoch, x.Step));
        _others = running.Where(x => !touched.Contains(x.Key)).ToDictionary(x => x.Key, x => x.Epoch);
    }

    public IReadOnlyList<string> Touched => [.. _touched.Keys.Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Disturbed => [.. _disturbed.Order(StringComparer.Ordinal)];

    public bool Recovered => _touched.Values.All(x => x.RecoveredAt is not null);

    /// <summary>From the fault's end until the last touched job trained again; null when one does not, zero when all did before.</summary>
    public TimeSpan? Recovery => !Recovered ? null
        : _touched.Count == 0 ? TimeSpan.Zero
        : _touched.Values.Max(x => x.RecoveredAt!.Value) is var last && last > _end ? last - _end : TimeSpan.Zero;

    /// <summary>True while a new worker is known and the head that says where it went on is not.</summary>
    public bool WantsHeads => _touched.Values.Any(x => x.NewEpoch > x.Epoch && x.Resumed is null);

    public long StepsLost => _touched.Values.Sum(x => x.Lost);

    /// <summary>Takes the newest word on the jobs.</summary>
    /// <param name="now">When it was said.</param>
    /// <param name="jobs">The jobs.</param>
    /// <param name="heads">Their heads, where somebody asked for them; they say from which step a new worker went on.</param>
    public void See(TimeSpan now, IEnumerable<JobView> jobs, IReadOnlyList<HeadView> heads)
    {
        foreach (var job in jobs)
        {
            if (_touched.TryGetValue(job.Key, out var track))
            {
                Follow(track, now, job, heads.FirstOrDefault(x => x.Job == job.Key));
            }
            else if (_others.TryGetValue(job.Key, out var epoch) && job.Epoch > epoch)
            {
                _disturbed.Add(job.Key);
            }
        }
    }

    /// <summary>The step from which the worker of <paramref name="epoch"/> went on: that of the newest checkpoint of an older epoch, which its name tells.</summary>
    internal static long ResumedFrom(HeadView head, int epoch)
        => head.Checkpoints.FirstOrDefault(x => EpochOf(x) is { } of && of < epoch)?.Step ?? 0;

    private static int? EpochOf(CheckpointEntry checkpoint)
    {
        var name = Path.GetFileNameWithoutExtension(checkpoint.Name);
        return int.TryParse(name[(name.LastIndexOf("-e", StringComparison.Ordinal) + 2)..], out var epoch) ? epoch : null;
    }

    private void Follow(Track track, TimeSpan now, JobView job, HeadView? head)
    {
        if (job.State is "completed")
        {
            track.RecoveredAt ??= now;
            return;
        }

        if (job.Epoch == track.Epoch)
        {
            track.Reached = Math.Max(track.Reached, job.Step);

            // A worker that was frozen or cut off and goes on by itself. A killed one cannot: those are its last words.
            if (ChaosRequest.Lasts(_fault) && now >= _end && job.State == "running")
            {
                track.AtEnd ??= job.Step;
                if (job.Step > track.AtEnd)
                {
                    track.RecoveredAt ??= now;
                }
            }

            return;
        }

        // Replaced again before it trained: the clock runs on.
        track.FirstStep = track.NewEpoch == job.Epoch ? Math.Min(track.FirstStep, job.Step) : job.Step;
        track.NewEpoch = job.Epoch;
        if (track.Resumed is null && head is not null && head.Epoch >= job.Epoch)
        {
            track.Resumed = Math.Min(ResumedFrom(head, job.Epoch), track.Reached);
        }

        if (job.State == "running" && job.Step > Math.Min(track.FirstStep, track.Resumed ?? long.MaxValue))
        {
            track.RecoveredAt ??= now;
        }
    }

    private sealed class Track(int epoch, long step)
    {
        public int Epoch { get; } = epoch;

        public long Reached { get; set; } = step;

        public long? AtEnd { get; set; }

        public int NewEpoch { get; set; } = epoch;

        public long FirstStep { get; set; }

        public long? Resumed { get; set; }

        public TimeSpan? RecoveredAt { get; set; }

        public long Lost => Resumed is { } from ? Math.Max(0, Reached - from) : 0;
    }
}
