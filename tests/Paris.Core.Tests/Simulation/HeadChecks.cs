using System.Security.Cryptography;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using static Paris.Core.Tests.Simulation.InvariantException;

namespace Paris.Core.Tests.Simulation;

/// <summary>What must hold at every write of one job's head (DESIGN section 5).</summary>
internal sealed class HeadChecks(JobId job, IReadOnlyDictionary<string, BlobContent> blobs)
{
    private readonly Dictionary<int, string> _claims = [];
    private readonly HashSet<string> _dropped = [];
    private readonly HashSet<string> _damaged = [];

    public JobId Job => job;

    /// <summary>The newest head; null before the first take-over.</summary>
    public JobHead? Head { get; private set; }

    public int TakeOvers { get; private set; }

    public int Commits { get; private set; }

    public int Fallbacks { get; private set; }

    /// <summary>The checkpoint to spoil: the newest one, unless a listed one is spoilt already, because the bound on lost work is about single faults.</summary>
    public string? Spoil()
    {
        if (Head is not { Checkpoints: [var newest, _, ..] } head || head.Checkpoints.Any(entry => _damaged.Contains(entry.Name)))
        {
            return null;
        }

        _damaged.Add(newest.Name);
        return newest.Name;
    }

    /// <summary>A commit that returned is in the head, or was taken back by a later epoch that says why.</summary>
    public void Acknowledged(long step, int epoch)
        => Require(Head!.Step >= step || Head.Epoch > epoch, $"Job {job} lost the acknowledged step {step}.");

    /// <summary>The head is about to become <paramref name="next"/>.</summary>
    public void Write(JobHead next)
    {
        var former = Head;
        Require(_claims.TryAdd(next.Epoch, next.Claim) || _claims[next.Epoch] == next.Claim, $"Two claims committed in epoch {next.Epoch} of {job}.");
        if (former is null || next.Epoch != former.Epoch)
        {
            Require(next.Epoch == (former?.Epoch ?? 0) + 1, $"The epoch of {job} went from {former?.Epoch} to {next.Epoch}.");
            TakeOvers++;
        }
        else
        {
            Require(next.Step >= former.Step, $"Within epoch {next.Epoch} the step of {job} fell from {former.Step} to {next.Step}.");
            Commits++;
        }

        Require(former?.Result is null || next.Result == former.Result, $"The result of {job} was dropped or replaced.");
        if (former is not null && next.Epoch > former.Epoch && next.Step != former.Step)
        {
            // Only a fallback lowers the step, by what is damaged and no more: lost work is at most one interval for each.
            Require(next.Reason.StartsWith("fallback: ", StringComparison.Ordinal) && next.Step < former.Step, $"A take-over moved the step of {job} from {former.Step} to {next.Step} because of '{next.Reason}'.");
            var lost = former.Checkpoints.Where(entry => entry.Step > next.Step).ToList();
            Require(lost.Count > 0 && lost.All(entry => _damaged.Contains(entry.Name)), $"A fallback of {job} from {former.Step} to {next.Step} passed over a sound checkpoint.");
            Fallbacks++;
        }

        Require(next.Step == (next.Checkpoints.Count > 0 ? next.Checkpoints[0].Step : 0), $"The head's step {next.Step} of {job} is not its newest checkpoint's.");
        for (var i = 0; i < next.Checkpoints.Count; i++)
        {
            var entry = next.Checkpoints[i];
            Require(i == 0 || entry.Step < next.Checkpoints[i - 1].Step, $"Step {entry.Step} of {job} is listed twice or out of order.");
            Require(!_dropped.Contains(entry.Name), $"The dropped name '{entry.Name}' returned.");
            Require(blobs.TryGetValue(entry.Name, out var blob), $"The head names '{entry.Name}', which is not there.");
            Require(
                former?.Checkpoints.Contains(entry) == true || _damaged.Contains(entry.Name) || Convert.ToHexStringLower(SHA256.HashData(blob!.Bytes)) == entry.Sha256,
                $"The head names '{entry.Name}' with another content.");
        }

        foreach (var entry in former?.Checkpoints ?? [])
        {
            if (next.Checkpoints.All(kept => kept.Name != entry.Name))
            {
                _dropped.Add(entry.Name);
            }
        }

        Head = next;
    }

    /// <summary>Another blob of the job's folder was written.</summary>
    public void WriteBlob(string name, bool existed)
    {
        if (name.StartsWith(job.Folder + "step-", StringComparison.Ordinal) || name.StartsWith(job.Folder + "result-", StringComparison.Ordinal))
        {
            Require(!existed, $"The immutable blob '{name}' was written over.");
            Require(!_dropped.Contains(name) || Head!.Checkpoints.All(entry => entry.Name != name), $"The dropped name '{name}' returned to the head.");
        }
    }

    /// <summary>A blob of the job's folder was deleted.</summary>
    public void Delete(string name)
        => Require(Head is null || (Head.Checkpoints.All(entry => entry.Name != name) && Head.Result?.Name != name), $"'{name}' was deleted while the head names it.");
}
