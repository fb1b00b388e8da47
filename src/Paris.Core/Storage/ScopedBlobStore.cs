using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Paris.Core.Jobs;
using Paris.Core.Specs;

namespace Paris.Core.Storage;

/// <summary>Whose data a blob is, seen from one job.</summary>
public enum BlobClass
{
    /// <summary>The job's own folder.</summary>
    Own = 0,

    /// <summary>What the job's scope shares: the spec, its inputs, its own cluster's data.</summary>
    Shared = 1,

    /// <summary>Another job's.</summary>
    Foreign = 2,

    /// <summary>Another expert's folder or another cluster's data, seen from an expert.</summary>
    OtherExpert = 3,
}

/// <summary>
/// A worker's view of the store (DESIGN section 6): it reads what its job may see, writes into its own folder, and refuses and counts the
/// rest. What it counts of other experts is <c>paris.bytes.between_experts</c>.
/// </summary>
public sealed partial class ScopedBlobStore : IBlobStore
{
    private readonly IBlobStore _inner;
    private readonly string _owner;
    private readonly string[] _read;
    private readonly string[] _write;
    private readonly Func<string, bool> _isOtherExpert;
    private readonly bool _enforce;
    private readonly long[] _bytes = new long[4];
    private readonly long[] _refused = new long[4];
    private long _refusedBytes;

    /// <param name="inner">The whole store.</param>
    /// <param name="owner">Who reads, for messages.</param>
    /// <param name="read">Beginnings of names that may be read; a folder ends with '/'.</param>
    /// <param name="write">Beginnings of names that may be written; they may be read as well.</param>
    /// <param name="isOtherExpert">Which names belong to another expert.</param>
    /// <param name="enforce">False only counts and refuses nothing, to measure what a trainer would read.</param>
    public ScopedBlobStore(IBlobStore inner, string owner, IEnumerable<string> read, IEnumerable<string> write, Func<string, bool> isOtherExpert, bool enforce = true)
    {
        _inner = inner;
        _owner = owner;
        _read = [.. read];
        _write = [.. write];
        _isOtherExpert = isOtherExpert;
        _enforce = enforce;
    }

    /// <inheritdoc/>
    public string Description => _inner.Description;

    /// <summary>
    /// Bytes of other experts' folders and of other clusters' data that an expert read, or would have read had it not been refused (at least
    /// 1 an attempt, so that none goes unseen).
    /// </summary>
    public long BytesBetweenExperts => Bytes(BlobClass.OtherExpert) + Interlocked.Read(ref _refusedBytes);

    /// <summary>Reads, lists and writes that were refused.</summary>
    public long RefusedAttempts => _refused.Sum();

    /// <summary>Bytes served, by whose they are.</summary>
    public long Bytes(BlobClass kind) => Interlocked.Read(ref _bytes[(int)kind]);

    /// <summary>Attempts refused, by whose the blob is.</summary>
    public long Refused(BlobClass kind) => Interlocked.Read(ref _refused[(int)kind]);

    /// <summary>
    /// What each kind of job may read beside the run's spec and its own folder; it writes nowhere else (the classifier: into its cache too).
    /// An expert: its own cluster of the partition, and the autoencoder for its previews. Router and twin: the whole partition. Evaluation
    /// and samples: everything but the run's other evaluations and samples. The phases before: what they are made from. Jobs of a later
    /// revision of the ensemble read the folders of this and of earlier ones: an expert only its own cluster's, the router also the router
    /// it starts from. Where the spec names an <c>init</c>: the model there that this one starts from.
    /// </summary>
    public static ScopedBlobStore ForJob(IBlobStore store, JobId job, bool enforce = true, RunSpec? spec = null)
    {
        var run = $"runs/{BlobName.CheckRunId(job.Run)}/";
        var later = job.Revision > 1;
        string[] inputs = job.Kind switch
        {
            JobKind.Ingest => [],
            JobKind.TrainAutoencoder or JobKind.TrainClassifier => ["data/"],
            JobKind.Extract => later ? ["data-"] : ["data/"],
            JobKind.Assign => ["features/", "data/"],
            JobKind.Encode => later ? ["data-", "autoencoder/", "latents/"] : ["data/", "autoencoder/"],
            JobKind.Partition => later
                ? ["data-", "latents-", "features/", "features-", "partition/", "partition-"]
                : ["data/", "latents/", "clusters/"],
            JobKind.TrainExpert => [.. Enumerable.Range(1, job.Revision).SelectMany(revision => ClusterOf(job, revision)), "autoencoder/"],
            JobKind.TrainRouter when later => ["partition/", "partition-", "router/", "router-"],
            JobKind.TrainRouter or JobKind.TrainTwin => ["partition/", "autoencoder/"],
            JobKind.Sample or JobKind.Evaluate =>
                ["data/", "latents/", "import/", "autoencoder/", "classifier/", "clusters/", "partition/", "partition-", "experts/", "router/", "router-", "twin/"],
            _ => throw new ArgumentOutOfRangeException(nameof(job), job.Kind, "Unknown job kind."),
        };
        return new ScopedBlobStore(
            store,
            $"Job {job}",
            [run + "spec.json", run + "spec-", run + "ensemble-", .. inputs.Select(input => run + input), .. InitOf(job, spec)],
            job.Kind == JobKind.TrainClassifier ? [job.Folder, "caches/classifier/"] : [job.Folder],
            name => job.Kind == JobKind.TrainExpert && IsOtherExpert(name, run, job),
            enforce);
    }

    /// <inheritdoc/>
    public async Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        var kind = await AdmitReadAsync(name, null, cancellationToken).ConfigureAwait(false);
        var content = await _inner.GetAsync(name, cancellationToken).ConfigureAwait(false);
        Count(kind, content?.Bytes.LongLength ?? 0);
        return content;
    }

    /// <inheritdoc/>
    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default)
    {
        Admit(name, "read");
        return _inner.HeadAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        var kind = await AdmitReadAsync(name, length, cancellationToken).ConfigureAwait(false);
        var stream = await _inner.OpenReadAsync(name, offset, length, cancellationToken).ConfigureAwait(false);
        return new CountingStream(stream, count => Count(kind, count));
    }

    /// <inheritdoc/>
    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        Admit(name, "write");
        return _inner.PutAsync(name, content, condition, metadata, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        Admit(name, "delete");
        return _inner.DeleteAsync(name, ifMatch, cancellationToken);
    }

    /// <summary>Lists below a prefix that lies in the scope as a whole; a wider one is refused, because names tell things too.</summary>
    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobName.CheckPrefix(prefix);
        Admit(prefix, "list");
        await foreach (var info in _inner.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            yield return info;
        }
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => _inner.GetServerTimeAsync(cancellationToken);

    /// <summary>What a trainer's weights start from: another run's model of the same part, or a prepared one.</summary>
    private static string[] InitOf(JobId job, RunSpec? spec)
    {
        var init = job.Kind == JobKind.TrainRouter ? spec?.Router.Init : job.Kind is JobKind.TrainExpert or JobKind.TrainTwin ? spec?.Expert.Init : null;
        if (init is null)
        {
            return [];
        }

        var run = $"runs/{BlobName.CheckRunId(init)}/";
        string[] models = job.Kind switch
        {
            JobKind.TrainExpert => [$"experts/{job.Part}/", $"experts/{job.Part}-r"],
            JobKind.TrainRouter => ["router/", "router-"],
            _ => ["twin/"],
        };
        return [$"inits/{init}/", run + "spec.json", run + "ensemble.json", run + "ensemble-", .. models.Select(x => run + x)];
    }

    /// <summary>What one revision's partition tells an expert: where its cluster is, and the cluster.</summary>
    private static string[] ClusterOf(JobId job, int revision)
    {
        var folder = new JobId(job.Run, JobKind.Partition, Revision: revision).Folder[$"runs/{job.Run}/".Length..];
        return [folder + "head.json", folder + "result-", $"{folder}manifest-{job.Expert}-", $"{folder}{job.Expert}/"];
    }

    /// <summary>Whether a name lies in the folder of another expert (one of the same number in another revision included) or in another cluster.</summary>
    private static bool IsOtherExpert(string name, string run, JobId job)
    {
        if (!name.StartsWith(run, StringComparison.Ordinal))
        {
            return false;
        }

        var match = ExpertInName().Match(name, run.Length);
        return match.Success && match.Index == run.Length
            && (match.Groups["weights"].Success ? match.Groups["weights"].Value != job.Label : match.Groups["cluster"].Value != job.Part);
    }

    /// <summary>As <see cref="Admit"/>; what a refused read of another expert's blob would have brought is counted.</summary>
    private async Task<BlobClass> AdmitReadAsync(string name, long? length, CancellationToken cancellationToken)
    {
        try
        {
            return Admit(name, "read");
        }
        catch (BlobScopeException) when (_isOtherExpert(name))
        {
            long size = 0;
            try
            {
                size = (await _inner.HeadAsync(name, cancellationToken).ConfigureAwait(false))?.Size ?? 0;
            }
            catch (IOException)
            {
                // The attempt counts all the same.
            }

            Interlocked.Add(ref _refusedBytes, Math.Max(1, Math.Min(length ?? size, size)));
            throw;
        }
    }

    private BlobClass Admit(string name, string verb)
    {
        if (verb != "list")
        {
            BlobName.Check(name);
        }

        var own = StartsWithAny(name, _write);
        var kind = own ? BlobClass.Own
            : _isOtherExpert(name) ? BlobClass.OtherExpert
            : StartsWithAny(name, _read) ? BlobClass.Shared
            : BlobClass.Foreign;
        if (own || (kind == BlobClass.Shared && verb is "read" or "list"))
        {
            return kind;
        }

        if (!_enforce)
        {
            return kind;
        }

        Interlocked.Increment(ref _refused[(int)kind]);
        throw new BlobScopeException(name, _owner, verb);
    }

    private void Count(BlobClass kind, long bytes) => Interlocked.Add(ref _bytes[(int)kind], bytes);

    private static bool StartsWithAny(string name, string[] beginnings)
        => Array.Exists(beginnings, beginning => name.StartsWith(beginning, StringComparison.Ordinal));

    [GeneratedRegex("experts/(?<weights>[^/]+)/|partition(-r[0-9]+)?/(manifest-)?(?<cluster>[0-9]+)[-/.]", RegexOptions.ExplicitCapture)]
    private static partial Regex ExpertInName();

    private sealed class CountingStream(Stream inner, Action<int> count) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => inner.CanSeek;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override int Read(Span<byte> buffer) => Counted(inner.Read(buffer));

        public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => Counted(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
            => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private int Counted(int bytes)
        {
            count(bytes);
            return bytes;
        }
    }
}
