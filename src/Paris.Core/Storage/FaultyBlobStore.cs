using System.Runtime.CompilerServices;
using Paris.Core.Random;

namespace Paris.Core.Storage;

/// <summary>What goes wrong in a <see cref="FaultyBlobStore"/>, and how often.</summary>
public sealed record BlobFaultOptions
{
    /// <summary>Share of calls that fail and do nothing.</summary>
    public double ErrorBefore { get; init; }

    /// <summary>Share of calls that do their work and then fail: the reply is lost.</summary>
    public double ErrorAfter { get; init; }

    /// <summary>Share of writes and deletes that fail at once and do their work later, a few calls on: a request that hung in the network.</summary>
    public double Late { get; init; }

    /// <summary>Share of calls that are delayed, by a uniform share of <see cref="MaxDelay"/>.</summary>
    public double Delay { get; init; }

    /// <value>100 ms.</value>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Times since the store was opened between which every call fails and does nothing.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To)> Outages { get; init; } = [];

    /// <summary>A switch of another process; every call fails and does nothing while it is on.</summary>
    public OutageFile? OutageFile { get; init; }
}

/// <summary>
/// A store that fails on purpose, for chaos runs and tests. Which call fails is a pure function of the seed and the call's number, so a
/// single-threaded run repeats exactly.
/// </summary>
public sealed class FaultyBlobStore : IBlobStore
{
    private readonly IBlobStore _inner;
    private readonly TimeProvider _time;
    private readonly BlobFaultOptions _options;
    private readonly PhiloxKey _key;
    private readonly long _opened;
    private readonly Lock _gate = new();
    private readonly List<(long Due, Func<Task> Write)> _late = [];
    private long _calls;
    private long _faults;
    private long _outageEnd = long.MinValue;

    public FaultyBlobStore(IBlobStore inner, ulong seed, BlobFaultOptions options, TimeProvider time)
    {
        _inner = inner;
        _options = options;
        _time = time;
        _key = new PhiloxKey(seed, RandomPurpose.Simulation);
        _opened = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public string Description => _inner.Description;

    /// <summary>Calls so far.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>Calls that failed on purpose so far.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>Lets every call fail from now on for <paramref name="duration"/>.</summary>
    public void BeginOutage(TimeSpan duration)
        => Interlocked.Exchange(ref _outageEnd, _time.GetTimestamp() + (long)(duration.TotalSeconds * _time.TimestampFrequency));

    /// <summary>Carries out the late writes that are still under way.</summary>
    public Task DrainAsync() => DeliverAsync(long.MaxValue);

    /// <inheritdoc/>
    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
        => CallAsync("reading", name, () => _inner.GetAsync(name, cancellationToken), null, cancellationToken);

    /// <inheritdoc/>
    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default)
        => CallAsync("reading", name, () => _inner.HeadAsync(name, cancellationToken), null, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        => CallAsync("reading", name, () => _inner.OpenReadAsync(name, offset, length, cancellationToken), null, cancellationToken);

    /// <inheritdoc/>
    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
        => CallAsync("writing", name, () => _inner.PutAsync(name, content, condition, metadata, cancellationToken), () =>
        {
            // The caller may change or dispose its stream before the write arrives.
            var start = content.Position;
            var copy = new MemoryStream();
            content.CopyTo(copy);
            content.Position = start;
            copy.Position = 0;
            return () => _inner.PutAsync(name, copy, condition, metadata, CancellationToken.None);
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
        => CallAsync("deleting", name, () => _inner.DeleteAsync(name, ifMatch, cancellationToken), () => () => _inner.DeleteAsync(name, ifMatch, CancellationToken.None), cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await CallAsync("listing", prefix, () => Task.FromResult(true), null, cancellationToken).ConfigureAwait(false);
        await foreach (var info in _inner.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            yield return info;
        }
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default)
        => CallAsync("reading", "the clock", () => _inner.GetServerTimeAsync(cancellationToken), null, cancellationToken);

    private async Task<T> CallAsync<T>(string verb, string name, Func<Task<T>> call, Func<Func<Task>>? prepareLate, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _calls);
        await DeliverAsync(number).ConfigureAwait(false);
        var stream = _key.AtStep(number & uint.MaxValue).Stream();
        var (fate, delay, length, calls) = (stream.NextDouble(), stream.NextDouble(), stream.NextDouble(), stream.NextInt(8));
        if (delay < _options.Delay)
        {
            await Task.Delay(_options.MaxDelay * length, _time, cancellationToken).ConfigureAwait(false);
        }

        var elapsed = _time.GetElapsedTime(_opened);
        if (_time.GetTimestamp() < Interlocked.Read(ref _outageEnd) || _options.Outages.Any(outage => elapsed >= outage.From && elapsed < outage.To) || _options.OutageFile is { IsOut: true })
        {
            throw Fault($"Injected fault: the store is out while {verb} '{name}'.");
        }

        if (fate < _options.ErrorBefore)
        {
            throw Fault($"Injected fault: {verb} '{name}' did not happen.");
        }

        fate -= _options.ErrorBefore;
        if (fate < _options.ErrorAfter)
        {
            var result = await call().ConfigureAwait(false);
            (result as IDisposable)?.Dispose();
            throw Fault($"Injected fault: the reply to {verb} '{name}' was lost.");
        }

        fate -= _options.ErrorAfter;
        if (prepareLate is not null && fate < _options.Late)
        {
            var write = prepareLate();
            lock (_gate)
            {
                _late.Add((number + 1 + calls, write));
            }

            throw Fault($"Injected fault: {verb} '{name}' hangs.");
        }

        return await call().ConfigureAwait(false);
    }

    private async Task DeliverAsync(long number)
    {
        (long, Func<Task> Write)[] due;
        lock (_gate)
        {
            due = [.. _late.Where(late => late.Due <= number)];
            _late.RemoveAll(late => late.Due <= number);
        }

        foreach (var (_, write) in due)
        {
            await write().ConfigureAwait(false);
        }
    }

    private StorageFaultException Fault(string message)
    {
        Interlocked.Increment(ref _faults);
        return new StorageFaultException(message);
    }
}
