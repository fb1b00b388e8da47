using System.Runtime.CompilerServices;
using Polly;
using Polly.Retry;

namespace Paris.Core.Storage;

/// <summary>
/// Repeats what may be repeated after a fault of the store: reads, lists, unconditional writes and deletes, with Polly's exponential
/// back-off and jitter. A conditional write is passed through: whether it happened only its caller can find out (<see cref="Jobs.JobFence"/>
/// reads its claim back).
/// </summary>
public sealed class RetryingBlobStore : IBlobStore
{
    private readonly IBlobStore _inner;
    private readonly ResiliencePipeline _pipeline;

    public RetryingBlobStore(IBlobStore inner, TimeProvider time, BlobRetryOptions? options = null)
    {
        options ??= new();
        _inner = inner;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<StorageFaultException>(),
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.Delay,
                MaxDelay = options.MaxDelay,
            })
            .Build();
    }

    /// <inheritdoc/>
    public string Description => _inner.Description;

    /// <inheritdoc/>
    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
        => RepeatAsync(token => _inner.GetAsync(name, token), cancellationToken);

    /// <inheritdoc/>
    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default)
        => RepeatAsync(token => _inner.HeadAsync(name, token), cancellationToken);

    /// <summary>Repeats the opening; a fault while the stream is read is its reader's.</summary>
    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        => RepeatAsync(token => _inner.OpenReadAsync(name, offset, length, token), cancellationToken);

    /// <inheritdoc/>
    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        if (condition != PutCondition.Always)
        {
            return _inner.PutAsync(name, content, condition, metadata, cancellationToken);
        }

        var start = content.Position;
        return RepeatAsync(token =>
        {
            content.Position = start;
            return _inner.PutAsync(name, content, condition, metadata, token);
        }, cancellationToken);
    }

    /// <summary>Repeats an unconditional delete. False may then also mean that an attempt before, whose reply was lost, had deleted the blob.</summary>
    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
        => ifMatch is null
            ? RepeatAsync(token => _inner.DeleteAsync(name, null, token), cancellationToken)
            : _inner.DeleteAsync(name, ifMatch, cancellationToken);

    /// <summary>After a fault the list is begun again and goes on after the last name given out.</summary>
    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var list = _inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        string? last = null;
        try
        {
            while (true)
            {
                var broken = false;
                var more = await RepeatAsync(async token =>
                {
                    try
                    {
                        if (broken)
                        {
                            await list.DisposeAsync().ConfigureAwait(false);
                            list = _inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
                        }

                        do
                        {
                            if (!await list.MoveNextAsync().ConfigureAwait(false))
                            {
                                return false;
                            }
                        }
                        while (last is not null && string.CompareOrdinal(list.Current.Name, last) <= 0);
                        return true;
                    }
                    catch
                    {
                        broken = true;
                        throw;
                    }
                }, cancellationToken).ConfigureAwait(false);
                if (!more)
                {
                    yield break;
                }

                last = list.Current.Name;
                yield return list.Current;
            }
        }
        finally
        {
            await list.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default)
        => RepeatAsync(_inner.GetServerTimeAsync, cancellationToken);

    private async Task<T> RepeatAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
        => await _pipeline.ExecuteAsync(static async (act, token) => await act(token).ConfigureAwait(false), action, cancellationToken).ConfigureAwait(false);
}
