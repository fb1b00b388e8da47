using Paris.Core.Storage;

namespace Paris.Core.Jobs;

/// <summary>Another worker has taken the job over: stop, commit nothing, retry nothing (exit code 10).</summary>
public sealed class FencedException(string message) : Exception(message);

/// <summary>
/// One worker's ownership of one job (DESIGN section 5): taken with one conditional PUT that raises the epoch, kept only as long as
/// the head carries this worker's claim.
/// </summary>
public sealed class JobFence
{
    private JobFence()
    {
        Head = null!;
        Job = null!;
    }

    public JobId Job { get; }

    /// <summary>The head as this worker last wrote it.</summary>
    public JobHead Head { get; private set; }

    public int Epoch => Head.Epoch;

    /// <summary>Takes the job over: epoch + 1 with <paramref name="claim"/>.</summary>
    public static Task<JobFence> TakeOverAsync(IBlobStore store, JobId job, string silo, string claim, string reason, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>Reads a job's head without owning it; null when nobody ever took it.</summary>
    public static Task<JobHead?> ReadHeadAsync(IBlobStore store, JobId job, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>Reads a finished job's result; null while it is not finished.</summary>
    public static Task<JobResult?> ReadResultAsync(IBlobStore store, JobId job, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>Uploads an output blob <c>{folder}{name}</c> of this epoch under an immutable name (<c>name-e{epoch}.ext</c>) and returns its entry.</summary>
    public Task<BlobEntry> PutOutputAsync(string name, Stream content, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>Uploads a checkpoint and names it in the head; prunes what <paramref name="keepLast"/> drops, after the commit.</summary>
    /// <exception cref="FencedException">The head no longer carries this worker's claim.</exception>
    public Task<CheckpointEntry> CommitCheckpointAsync(long step, Stream content, int keepLast, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>Writes the result blob and names it in the head.</summary>
    public Task CommitResultAsync(JobResult result, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();

    /// <summary>
    /// The newest listed checkpoint whose hash holds, with its content; an older one only when the newer fails its hash, which is
    /// recorded (<paramref name="onFallback"/>). Null when there is none.
    /// </summary>
    public Task<(CheckpointEntry Entry, byte[] Content)?> OpenNewestCheckpointAsync(Action<string>? onFallback = null, CancellationToken cancellationToken = default)
        => throw new NotImplementedException();
}
