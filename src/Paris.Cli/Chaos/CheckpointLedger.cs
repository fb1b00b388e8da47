using Paris.Core.Jobs;
using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>Every checkpoint that a head ever listed, and whether one was lost: gone although no newer one took its place, or damaged.</summary>
internal sealed class CheckpointLedger
{
    private readonly Dictionary<string, HeadView> _heads = new(StringComparer.Ordinal);
    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);

    /// <summary>Names of lost checkpoints.</summary>
    public IReadOnlyList<string> Lost => [.. _lost.Order(StringComparer.Ordinal)];

    /// <summary>Listed checkpoints so far, the first sight of each counted once.</summary>
    public int Seen { get; private set; }

    public void See(IReadOnlyList<HeadView> heads)
    {
        foreach (var head in heads)
        {
            var before = _heads.GetValueOrDefault(head.Job)?.Checkpoints ?? [];
            Seen += head.Checkpoints.Except(before).Count();
            foreach (var gone in before.Where(x => !head.Checkpoints.Contains(x) && !Replaced(x, head)))
            {
                _lost.Add(gone.Name);
            }

            _lost.UnionWith(head.Damaged ?? []);
            _heads[head.Job] = head;
        }
    }

    // Pruned after a newer commit, or committed again at the same step by a later epoch.
    private static bool Replaced(CheckpointEntry gone, HeadView head)
        => head.Checkpoints.Any(x => x.Name != gone.Name && x.Step >= gone.Step);
}
