using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Paris.Core.Faults;
using Paris.Core.Storage;

namespace Paris.Core.Jobs;

/// <summary>Another worker has taken the job over: stop, commit nothing, retry nothing (exit code 10).</summary>
public sealed class FencedException(string message) : Exception(message);

/// <summary>
/// One worker's ownership of one job (DESIGN section 5): taken with one conditional PUT that raises the epoch, kept only as long as
/// the head carries this worker's claim.
/// </summary>
/// <remarks>
/// <para>
/// A conditional write whose reply was lost counts as done only if the head read back carries this worker's claim and the change. When
/// the store does not answer at all, the call throws the store's exception, the head stays what it was or became what was asked
/// for, and the next call finds out which; so a worker may go on training and commit again later.
/// </para>
/// <para>Calls may come from several threads; they are carried out one after the other. Nothing here needs a synchronization context, so a plain thread may wait on the tasks.</para>
/// </remarks>
public sealed partial class JobFence
{
    /// <summary>Attempts of one conditional write, or of one piece of a transfer, before its fault is the caller's.</summary>
    private const int Attempts = 4;

    private static readonly JsonSerializerOptions Json = new(WorkerProtocol.Json) { WriteIndented = true };

    private readonly IBlobStore _store;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>The head's ETag; null when a write's outcome is unknown.</summary>
    private string? _etag;
    private bool _swept;

    private JobFence(IBlobStore store, JobId job, JobHead head, string etag)
    {
        _store = store;
        Job = job;
        Head = head;
        _etag = etag;
    }

    public JobId Job { get; }

    /// <summary>The head as this worker last wrote it.</summary>
    public JobHead Head { get; private set; }

    /// <summary>Checkpoints up to this size are opened in memory, larger ones in a temporary file.</summary>
    public long InMemoryBytes { get; set; } = 64 << 20;

    /// <summary>This worker's epoch. It rises when this worker itself rolls back or falls back to an older checkpoint, and never otherwise.</summary>
    public int Epoch => Head.Epoch;

    /// <summary>
    /// Takes the job over: epoch + 1 with <paramref name="claim"/>. Whoever owned it before is fenced from then on. Checkpoints and a
    /// finished result stay.
    /// </summary>
    /// <param name="store">Where the job's folder is.</param>
    /// <param name="job">The job.</param>
    /// <param name="silo">The silo whose agent started this worker.</param>
    /// <param name="claim">128 random bits in hex, never used before.</param>
    /// <param name="reason">Why: <c>start</c>, <c>resume</c> …</param>
    /// <param name="cancellationToken">Cancels the wait; the take-over may still happen.</param>
    /// <exception cref="StorageFaultException">The store did not answer; taking over again with the same claim is safe.</exception>
    public static async Task<JobFence> TakeOverAsync(IBlobStore store, JobId job, string silo, string claim, string reason, CancellationToken cancellationToken = default)
    {
        await FaultPoints.HitAsync(FaultPoint.TakeOverBefore, job.Key).ConfigureAwait(false);
        var fence = await TakeAsync(store, job, head => head with { Silo = silo, Claim = claim, Reason = reason }, cancellationToken).ConfigureAwait(false);
        await FaultPoints.HitAsync(FaultPoint.TakeOverAfter, job.Key).ConfigureAwait(false);
        return fence;
    }

    /// <summary>
    /// Takes the job over and goes back to the newest checkpoint at or before <paramref name="step"/> (to none, if there is none): newer
    /// ones and the result are dropped. A rollback is a take-over like any other, so a worker still running is fenced.
    /// </summary>
    public static async Task<JobFence> RollBackAsync(IBlobStore store, JobId job, string silo, string claim, long step, string reason, CancellationToken cancellationToken = default)
    {
        JobHead? former = null;
        var fence = await TakeAsync(store, job, head => Back(former = head, step) with { Silo = silo, Claim = claim, Reason = reason }, cancellationToken).ConfigureAwait(false);
        await fence.DeleteDroppedAsync(former!.Checkpoints, cancellationToken).ConfigureAwait(false);
        return fence;
    }

    /// <summary>Reads a job's head without owning it; null when nobody ever took it.</summary>
    /// <exception cref="ParisInputException">The head is not what this program writes.</exception>
    public static async Task<JobHead?> ReadHeadAsync(IBlobStore store, JobId job, CancellationToken cancellationToken = default)
        => (await ReadAsync(store, job, cancellationToken).ConfigureAwait(false))?.Head;

    /// <summary>Reads a finished job's result; null while it is not finished.</summary>
    /// <exception cref="ParisInputException">The result is named in the head but missing or damaged.</exception>
    public static async Task<JobResult?> ReadResultAsync(IBlobStore store, JobId job, CancellationToken cancellationToken = default)
    {
        var head = await ReadHeadAsync(store, job, cancellationToken).ConfigureAwait(false);
        while (head?.Result is { } entry)
        {
            var content = await store.GetAsync(entry.Name, cancellationToken).ConfigureAwait(false);
            if (content is not null && Sha256(content.Bytes) == entry.Sha256)
            {
                return Parse<JobResult>(content.Bytes, entry.Name, store);
            }

            // A rollback may have dropped it meanwhile.
            head = await ReadHeadAsync(store, job, cancellationToken).ConfigureAwait(false);
            if (head?.Result == entry)
            {
                throw new ParisInputException($"The result '{entry.Name}' of job {job} is {(content is null ? "missing" : "damaged (its SHA-256 differs)")} in {store.Description}; restore it, or roll the job back to compute it again.");
            }
        }

        return null;
    }

    /// <summary>Whether the head still carries this worker's claim. A snapshot: only a commit is proof.</summary>
    public async Task<bool> IsOwnerAsync(CancellationToken cancellationToken = default)
        => (await ReadAsync(_store, Job, cancellationToken).ConfigureAwait(false))?.Head is { } head && head.Claim == Head.Claim && head.Epoch >= Head.Epoch;

    /// <summary>Uploads an output blob <c>{folder}{name}</c> of this epoch under an immutable name (<c>name-e{epoch}.ext</c>) and returns its entry.</summary>
    /// <param name="name">A name below the job's folder, e.g. <c>grid.png</c> or <c>3/shard-00000.safetensors</c>.</param>
    /// <param name="content">A seekable stream, read from its position to its end.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="FencedException">The name is taken by other content and the head no longer carries this worker's claim.</exception>
    public Task<BlobEntry> PutOutputAsync(string name, Stream content, CancellationToken cancellationToken = default)
        => UploadAsync(NameOfEpoch(name), content, cancellationToken);

    /// <summary>Uploads an output; see <see cref="PutOutputAsync(string, Stream, CancellationToken)"/>.</summary>
    public async Task<BlobEntry> PutOutputAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await PutOutputAsync(name, stream, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Replaces a trace of this epoch (<c>loss-e{epoch}.jsonl</c>, <c>log-e{epoch}.txt</c>): the only blobs of a job that are written again
    /// and again. The epoch in the name keeps former and later owners away. Returns the full name.
    /// </summary>
    public async Task<string> PutTraceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        var full = NameOfEpoch(name);
        await _store.PutAsync(full, content, PutCondition.Always, cancellationToken: cancellationToken).ConfigureAwait(false);
        return full;
    }

    /// <summary>Uploads a checkpoint and names it in the head; prunes what <paramref name="keepLast"/> drops, after the commit.</summary>
    /// <param name="step">The step reached; not below the committed one. Committing a step again returns what is there.</param>
    /// <param name="content">A seekable stream, read from its position to its end.</param>
    /// <param name="keepLast">Newest checkpoints that stay, at least 1.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="FencedException">The head no longer carries this worker's claim.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The step lies before the committed one.</exception>
    public Task<CheckpointEntry> CommitCheckpointAsync(long step, Stream content, int keepLast, CancellationToken cancellationToken = default)
        => CommitCheckpointAsync(step, content, keepLast, keepEvery: 0, cancellationToken);

    /// <summary>As above; checkpoints whose step is a multiple of <paramref name="keepEvery"/> stay for good (0 keeps none so).</summary>
    public async Task<CheckpointEntry> CommitCheckpointAsync(long step, Stream content, int keepLast, long keepEvery, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(keepLast, 1);
        using (await EnterAsync(cancellationToken).ConfigureAwait(false))
        {
            await SettleAsync(cancellationToken).ConfigureAwait(false);
            if (Listed(Head, step) is { } done)
            {
                return done;
            }

            if (step < Head.Step)
            {
                throw new ArgumentOutOfRangeException(nameof(step), step, $"Job {Job} has committed step {Head.Step}; a commit never goes back.");
            }

            var name = string.Create(CultureInfo.InvariantCulture, $"{Job.Folder}step-{step:D8}-e{Epoch}.safetensors");
            await FaultPoints.HitAsync(FaultPoint.CheckpointBeforeUpload, Job.Key).ConfigureAwait(false);
            var blob = await UploadAsync(name, content, cancellationToken).ConfigureAwait(false);
            await FaultPoints.HitAsync(FaultPoint.CheckpointAfterUpload, Job.Key).ConfigureAwait(false);
            var entry = new CheckpointEntry(blob.Name, step, blob.Bytes, blob.Sha256);
            var former = Head.Checkpoints;
            await FaultPoints.HitAsync(FaultPoint.HeadBeforeCommit, Job.Key).ConfigureAwait(false);
            await ChangeAsync(
                head => head with { Step = step, Checkpoints = Keep([entry, .. head.Checkpoints], keepLast, keepEvery) },
                head => Listed(head, step) is not null,
                cancellationToken).ConfigureAwait(false);
            await FaultPoints.HitAsync(FaultPoint.HeadAfterCommit, Job.Key).ConfigureAwait(false);

            await DeleteDroppedAsync(former, cancellationToken).ConfigureAwait(false);
            if (!_swept)
            {
                _swept = await SweepAsync(cancellationToken).ConfigureAwait(false);
            }

            return entry;
        }
    }

    /// <summary>Writes the result blob and names it in the head.</summary>
    /// <exception cref="FencedException">The head no longer carries this worker's claim.</exception>
    public async Task CommitResultAsync(JobResult result, CancellationToken cancellationToken = default)
    {
        using (await EnterAsync(cancellationToken).ConfigureAwait(false))
        {
            await SettleAsync(cancellationToken).ConfigureAwait(false);
            using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(result, Json), writable: false);
            var entry = await UploadAsync(NameOfEpoch("result.json"), content, cancellationToken).ConfigureAwait(false);
            await FaultPoints.HitAsync(FaultPoint.HeadBeforeCommit, Job.Key).ConfigureAwait(false);
            await ChangeAsync(head => head with { Result = entry }, head => head.Result == entry, cancellationToken).ConfigureAwait(false);
            await FaultPoints.HitAsync(FaultPoint.HeadAfterCommit, Job.Key).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The newest listed checkpoint whose hash holds, with its content; an older one only when the newer fails its hash, which is
    /// recorded (<paramref name="onFallback"/>). Null when there is none. Any size: what is larger than <see cref="InMemoryBytes"/> lies in a
    /// temporary file until it is disposed.
    /// </summary>
    /// <remarks>
    /// Falling back lowers the committed step, so it is a take-over by the same worker: <see cref="Epoch"/> rises, the head's reason
    /// says <c>fallback: …</c>, and the failed checkpoints leave the head.
    /// </remarks>
    /// <exception cref="StorageFaultException">The store did not answer; that is no reason to fall back.</exception>
    public async Task<OpenedCheckpoint?> OpenNewestCheckpointAsync(Action<string>? onFallback = null, CancellationToken cancellationToken = default)
    {
        using (await EnterAsync(cancellationToken).ConfigureAwait(false))
        {
            await SettleAsync(cancellationToken).ConfigureAwait(false);
            var failures = new List<string>();
            OpenedCheckpoint? found = null;
            foreach (var entry in Head.Checkpoints)
            {
                if (await TryReadAsync(entry, cancellationToken).ConfigureAwait(false) is { } content)
                {
                    found = new OpenedCheckpoint(entry, content);
                    break;
                }

                var failure = $"checkpoint '{entry.Name}' of step {entry.Step} is missing or fails its SHA-256";
                failures.Add(failure);
                onFallback?.Invoke(failure);
            }

            if (failures.Count > 0)
            {
                var step = found?.Entry.Step ?? 0;
                try
                {
                    await GoBackAsync(found?.Entry.Step ?? -1, $"fallback: to step {step}, because {string.Join(" and ", failures)}", cancellationToken).ConfigureAwait(false);
                }
                catch
                {
                    found?.Dispose();
                    throw;
                }
            }

            return found;
        }
    }

    /// <summary>
    /// Goes back to the newest checkpoint at or before <paramref name="step"/>, as a take-over by this worker itself: <see cref="Epoch"/>
    /// rises and newer checkpoints are dropped.
    /// </summary>
    /// <exception cref="FencedException">The head no longer carries this worker's claim.</exception>
    public async Task RollBackAsync(long step, string reason, CancellationToken cancellationToken = default)
    {
        using (await EnterAsync(cancellationToken).ConfigureAwait(false))
        {
            await SettleAsync(cancellationToken).ConfigureAwait(false);
            await GoBackAsync(step, reason, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<JobFence> TakeAsync(IBlobStore store, JobId job, Func<JobHead, JobHead> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var current = await ReadAsync(store, job, cancellationToken).ConfigureAwait(false);
            var taken = change(current?.Head ?? new JobHead { Epoch = 0, Claim = "", Silo = "" });
            if (current is { } mine && mine.Head.Claim == taken.Claim)
            {
                // The reply to the write before was lost: a claim is never used twice.
                return new JobFence(store, job, mine.Head, mine.ETag);
            }

            taken = taken with { Epoch = (current?.Head.Epoch ?? 0) + 1 };
            try
            {
                var condition = current is { } known ? PutCondition.Match(known.ETag) : PutCondition.Absent;
                var put = await store.PutAsync(job.HeadName, Write(taken), condition, cancellationToken: cancellationToken).ConfigureAwait(false);
                if (put.Succeeded)
                {
                    return new JobFence(store, job, taken, put.ETag!);
                }

                // Somebody else wrote; the next turn reads it. Each failure is another's success, so this ends.
                attempt--;
            }
            catch (IOException exception) when (exception is not BlobNotFoundException && attempt < Attempts)
            {
                // Done or not? The next turn reads the head.
            }
        }
    }

    private static async Task<(JobHead Head, string ETag)?> ReadAsync(IBlobStore store, JobId job, CancellationToken cancellationToken)
    {
        var content = await store.GetAsync(job.HeadName, cancellationToken).ConfigureAwait(false);
        return content is null ? null : (Parse<JobHead>(content.Bytes, job.HeadName, store), content.ETag);
    }

    private static T Parse<T>(byte[] bytes, string name, IBlobStore store)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{name}' in {store.Description} is no {typeof(T).Name} ({exception.Message}); restore it from a copy, or delete it to start the job afresh.", exception);
        }
    }

    private static byte[] Write(JobHead head) => JsonSerializer.SerializeToUtf8Bytes(head, Json);

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static CheckpointEntry? Listed(JobHead head, long step) => head.Checkpoints.FirstOrDefault(entry => entry.Step == step);

    private static IReadOnlyList<CheckpointEntry> Keep(IReadOnlyList<CheckpointEntry> newestFirst, int keepLast, long keepEvery)
        => [.. newestFirst.Where((entry, place) => place < keepLast || (keepEvery > 0 && entry.Step % keepEvery == 0))];

    /// <summary>The head without checkpoints after <paramref name="step"/> and without a result.</summary>
    private static JobHead Back(JobHead head, long step)
    {
        CheckpointEntry[] kept = [.. head.Checkpoints.Where(entry => entry.Step <= step)];
        return head with { Checkpoints = kept, Step = kept.Length > 0 ? kept[0].Step : 0, Result = null };
    }

    /// <summary><c>grid.png</c> → <c>{folder}grid-e3.png</c>.</summary>
    private string NameOfEpoch(string name)
    {
        var dot = name.LastIndexOf('.');
        var split = dot > name.LastIndexOf('/') ? dot : name.Length;
        return BlobName.Check(string.Create(CultureInfo.InvariantCulture, $"{Job.Folder}{name[..split]}-e{Epoch}{name[split..]}"));
    }

    private async Task<BlobEntry> UploadAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        // The hash is taken while the store reads: content that does not fit into memory is read once.
        using var hashing = new HashingStream(content);
        for (var attempt = 1; ; attempt++)
        {
            PutResult? put = null;
            try
            {
                hashing.Position = 0;
                put = await _store.PutAsync(name, hashing, PutCondition.Absent, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (IOException exception) when (exception is not BlobNotFoundException && attempt < Attempts)
            {
                // Done or not? The next attempt meets what is there.
            }

            if (put is null)
            {
                continue;
            }

            var entry = new BlobEntry(name, hashing.Length, hashing.Hash());
            if (put is { Succeeded: true })
            {
                return entry;
            }

            // Something of this name is there: from a reply that was lost, from an attempt before, or from a former owner's last act.
            if (await CopyAsync(entry, Stream.Null, cancellationToken).ConfigureAwait(false))
            {
                return entry;
            }

            if (!await IsOwnerAsync(cancellationToken).ConfigureAwait(false))
            {
                throw Fenced();
            }

            // Nobody but the owner writes names of its epoch, so this is an earlier upload of its own that no commit ever named. Names are
            // immutable: take another one.
            attempt--;
            name = NextName(name);
        }
    }

    /// <summary><c>step-00000100-e3.safetensors</c> → <c>step-00000100-e3-2.safetensors</c> → <c>…-e3-3.safetensors</c>.</summary>
    private static string NextName(string name)
    {
        var match = EpochInName().Match(name);
        var number = match.Groups["again"].Success ? int.Parse(match.Groups["again"].Value, CultureInfo.InvariantCulture) + 1 : 2;
        return string.Create(CultureInfo.InvariantCulture, $"{name[..match.Index]}-e{match.Groups["epoch"].Value}-{number}{match.Groups["extension"].Value}");
    }

    /// <summary>When a former write's outcome is unknown, reads it.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (_etag is not null)
        {
            return;
        }

        if (await ReadAsync(_store, Job, cancellationToken).ConfigureAwait(false) is not { } current || current.Head.Claim != Head.Claim)
        {
            throw Fenced();
        }

        (Head, _etag) = current;
    }

    /// <summary>One conditional PUT of the changed head; a lost reply is resolved by reading the head back.</summary>
    private async Task ChangeAsync(Func<JobHead, JobHead> change, Func<JobHead, bool> isDone, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await SettleAsync(cancellationToken).ConfigureAwait(false);
            if (isDone(Head))
            {
                return;
            }

            var changed = change(Head);
            var etag = _etag!;
            _etag = null;
            try
            {
                var put = await _store.PutAsync(Job.HeadName, Write(changed), PutCondition.Match(etag), cancellationToken: cancellationToken).ConfigureAwait(false);
                if (put.Succeeded)
                {
                    (Head, _etag) = (changed, put.ETag);
                    return;
                }

                // Fenced, unless a write of this worker's own arrived late; settling tells.
            }
            catch (IOException exception) when (exception is not BlobNotFoundException && attempt < Attempts)
            {
                // Done or not? Settling tells.
            }
        }
    }

    /// <summary>A take-over by the owner itself that drops what is newer than <paramref name="step"/>.</summary>
    private async Task GoBackAsync(long step, string reason, CancellationToken cancellationToken)
    {
        var former = Head.Checkpoints;
        var epoch = Epoch + 1;
        await ChangeAsync(head => Back(head, step) with { Epoch = epoch, Reason = reason }, head => head.Epoch >= epoch, cancellationToken).ConfigureAwait(false);
        await DeleteDroppedAsync(former, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The content if it is there and its hash holds. A second look spares a fallback for a bad transfer.</summary>
    private async Task<Stream?> TryReadAsync(CheckpointEntry entry, CancellationToken cancellationToken)
    {
        for (var look = 0; look < 2; look++)
        {
            Stream spool = entry.Bytes <= InMemoryBytes
                ? new MemoryStream((int)entry.Bytes)
                : new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            var good = false;
            try
            {
                good = await CopyAsync(new BlobEntry(entry.Name, entry.Bytes, entry.Sha256), spool, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (!good)
                {
                    await spool.DisposeAsync().ConfigureAwait(false);
                }
            }

            if (good)
            {
                spool.Position = 0;
                return spool;
            }
        }

        return null;
    }

    /// <summary>
    /// Copies a blob piece by piece and checks size and hash on the way; a transfer that breaks goes on where it broke. False when the blob is
    /// missing or another.
    /// </summary>
    /// <exception cref="StorageFaultException">The store does not answer.</exception>
    private async Task<bool> CopyAsync(BlobEntry entry, Stream destination, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Clamp(entry.Bytes, 1, 1 << 20)];
        var copied = 0L;
        var writing = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var source = await _store.OpenReadAsync(entry.Name, copied, cancellationToken: cancellationToken).ConfigureAwait(false);
                await using (source.ConfigureAwait(false))
                {
                    int count;
                    while ((count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                    {
                        if ((copied += count) > entry.Bytes)
                        {
                            return false;
                        }

                        hash.AppendData(buffer, 0, count);
                        writing = true;
                        await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                        writing = false;
                        attempt = 1;
                    }
                }

                return copied == entry.Bytes && Convert.ToHexStringLower(hash.GetHashAndReset()) == entry.Sha256;
            }
            catch (BlobNotFoundException)
            {
                return false;
            }
            catch (IOException) when (!writing && attempt < Attempts)
            {
                // A transfer that broke off: the next attempt goes on where it did. (A full disk of this machine is another matter: what was
                // counted may not be there.)
            }
        }
    }

    /// <summary>Deletes what <paramref name="former"/> lists and the committed head does not.</summary>
    private async Task DeleteDroppedAsync(IEnumerable<CheckpointEntry> former, CancellationToken cancellationToken)
    {
        foreach (var entry in former.Where(entry => Head.Checkpoints.All(kept => kept.Name != entry.Name)))
        {
            try
            {
                await _store.DeleteAsync(entry.Name, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The commit stands; a later epoch's sweep removes the blob.
            }
        }
    }

    /// <summary>
    /// Deletes checkpoint blobs of former epochs that the head does not name: uploaded by a worker that died or was fenced before its
    /// commit, or dropped without being deleted. Their writers can commit no more. False when the store did not answer.
    /// </summary>
    private async Task<bool> SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var listed = Head.Checkpoints.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
            var orphans = new List<string>();
            await foreach (var blob in _store.ListAsync(Job.Folder + "step-", cancellationToken).ConfigureAwait(false))
            {
                var match = EpochInName().Match(blob.Name);
                if (match.Success && int.TryParse(match.Groups["epoch"].Value, CultureInfo.InvariantCulture, out var epoch) && epoch < Epoch && !listed.Contains(blob.Name))
                {
                    orphans.Add(blob.Name);
                }
            }

            foreach (var name in orphans)
            {
                await _store.DeleteAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private FencedException Fenced() => new($"Job {Job} has another owner since epoch {Epoch} of this worker; nothing was committed.");

    private async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Turn(_turn);
    }

    [GeneratedRegex(@"-e(?<epoch>[0-9]+)(-(?<again>[0-9]+))?(?<extension>\.[^/.]*)?\z")]
    private static partial Regex EpochInName();

    private readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
