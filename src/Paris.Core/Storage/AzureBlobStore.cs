using System.Runtime.CompilerServices;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Paris.Core.Storage;

/// <summary>
/// A container of Azure Blob Storage. The container is created by the first write if it is missing.
/// </summary>
/// <remarks>
/// The SDK's retries are on for everything that may be repeated. A conditional write is repeated only when the service said that it did
/// nothing (429, or 503 "server busy"): after any other fault the write may have happened, and a repetition would answer 412 to its own
/// success. Such a fault is the caller's to resolve, as <see cref="Jobs.JobFence"/> does. (A conditional delete has no body, and .NET's HTTP
/// handler may repeat it by itself: there, false may mean that the lost attempt had deleted the blob.)
/// </remarks>
public sealed class AzureBlobStore : IBlobStore
{
    private readonly BlobContainerClient _container;

    private AzureBlobStore(BlobContainerClient container, string description)
    {
        _container = container;
        Description = description;
    }

    /// <summary>A container by its URL, with a shared access signature in the query or else with <see cref="DefaultAzureCredential"/>.</summary>
    public static AzureBlobStore FromUri(Uri container, BlobRetryOptions? retries = null)
    {
        ArgumentNullException.ThrowIfNull(container);
        var description = container.GetLeftPart(UriPartial.Path);
        var client = container.Query.Contains("sig=", StringComparison.Ordinal)
            ? new BlobContainerClient(container, CreateOptions(retries))
            : new BlobContainerClient(container, new DefaultAzureCredential(), CreateOptions(retries));
        return new AzureBlobStore(client, description);
    }

    /// <summary>A container by the account's connection string.</summary>
    /// <exception cref="ParisInputException">The connection string is none.</exception>
    public static AzureBlobStore FromConnectionString(string connectionString, string container, BlobRetryOptions? retries = null)
    {
        try
        {
            var client = new BlobContainerClient(connectionString, container, CreateOptions(retries));
            return new AzureBlobStore(client, client.Uri.GetLeftPart(UriPartial.Path));
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            // The SDK's message may quote the string, and the string holds a key.
            throw new ParisInputException("The store's connection string is not one of Azure Storage; it looks like 'DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…'.");
        }
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => RunAsync("read", name, async () =>
    {
        try
        {
            var response = await Blob(name).DownloadContentAsync(cancellationToken).ConfigureAwait(false);
            var details = response.Value.Details;
            var bytes = response.Value.Content.ToArray();
            return new BlobContent(Info(name, details.ETag, bytes.LongLength, details.LastModified, details.Metadata), bytes);
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => RunAsync("read", name, async () =>
    {
        try
        {
            var properties = (await Blob(name).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value;
            return Info(name, properties.ETag, properties.ContentLength, properties.LastModified, properties.Metadata);
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return RunAsync("read", name, async () =>
        {
            try
            {
                if (length == 0)
                {
                    await Blob(name).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
                    return Stream.Null;
                }

                var options = new BlobDownloadOptions { Range = new HttpRange(offset, length) };
                var response = await Blob(name).DownloadStreamingAsync(options, cancellationToken).ConfigureAwait(false);
                return new DownloadStream(response.Value.Content, this, name);
            }
            catch (RequestFailedException exception) when (IsMissing(exception))
            {
                throw new BlobNotFoundException(name, Description);
            }
            catch (RequestFailedException exception) when (exception.Status == 416)
            {
                // The range begins at or after the end.
                return Stream.Null;
            }
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
        => RunAsync("write", name, async () =>
        {
            var start = content.Position;
            var options = new BlobUploadOptions
            {
                Metadata = BlobMetadata.Check(metadata, name).ToDictionary(pair => pair.Key, pair => pair.Value),
                Conditions = condition switch
                {
                    { IfAbsent: true } => new BlobRequestConditions { IfNoneMatch = ETag.All },
                    { IfMatch: { } etag } => new BlobRequestConditions { IfMatch = new ETag(etag) },
                    _ => null,
                },
                TransferOptions = new Azure.Storage.StorageTransferOptions { InitialTransferSize = 32 << 20, MaximumTransferSize = 16 << 20, MaximumConcurrency = 4 },
            };
            for (var createdContainer = false; ; createdContainer = true)
            {
                try
                {
                    content.Position = start;
                    var response = await Blob(name).UploadAsync(content, options, cancellationToken).ConfigureAwait(false);
                    return new PutResult(true, Text(response.Value.ETag));
                }
                catch (RequestFailedException exception) when (exception.ErrorCode == BlobErrorCode.ContainerNotFound && !createdContainer)
                {
                    if (condition.IfMatch is not null)
                    {
                        return new PutResult(false, null);
                    }

                    await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
                }
                catch (RequestFailedException exception) when (condition != PutCondition.Always && (exception.Status is 409 or 412 || (condition.IfMatch is not null && exception.Status == 404)))
                {
                    return new PutResult(false, null);
                }
            }
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => RunAsync("delete", name, async () =>
    {
        try
        {
            var conditions = ifMatch is null ? null : new BlobRequestConditions { IfMatch = new ETag(ifMatch) };
            return (await Blob(name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, conditions, cancellationToken).ConfigureAwait(false)).Value;
        }
        catch (RequestFailedException exception) when (IsMissing(exception) || (ifMatch is not null && exception.Status == 412))
        {
            return false;
        }
    }, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobName.CheckPrefix(prefix);
        await using var pages = _container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            var page = await RunAsync("list", prefix, async () =>
            {
                try
                {
                    return await pages.MoveNextAsync().ConfigureAwait(false) ? pages.Current : null;
                }
                catch (RequestFailedException exception) when (IsMissing(exception))
                {
                    return null;
                }
            }, cancellationToken).ConfigureAwait(false);
            if (page is null)
            {
                yield break;
            }

            foreach (var item in page.Values)
            {
                var properties = item.Properties;
                yield return Info(item.Name, properties.ETag ?? default, properties.ContentLength ?? 0, properties.LastModified ?? default, item.Metadata);
            }
        }
    }

    /// <summary>The service's clock, from the Date header of an answer; whole seconds.</summary>
    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => RunAsync("read", "the clock", async () =>
    {
        Response? response;
        try
        {
            response = (await _container.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).GetRawResponse();
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            // No container yet, but a clock.
            response = exception.GetRawResponse();
        }

        return response?.Headers.Date ?? throw new StorageFaultException($"{Description} answered without a Date header.");
    }, cancellationToken);

    private static BlobClientOptions CreateOptions(BlobRetryOptions? retries)
    {
        retries ??= new();
        var options = new BlobClientOptions
        {
            RetryPolicy = new RepeatablePolicy(retries.Retries, DelayStrategy.CreateExponentialDelayStrategy(retries.Delay, retries.MaxDelay)),
        };
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(60);
        options.Diagnostics.IsTelemetryEnabled = false;
        options.Diagnostics.IsLoggingEnabled = false;
        return options;
    }

    private static bool IsMissing(RequestFailedException exception)
        => exception.Status == 404 && (string.IsNullOrEmpty(exception.ErrorCode) || exception.ErrorCode == BlobErrorCode.BlobNotFound || exception.ErrorCode == BlobErrorCode.ContainerNotFound);

    private static BlobInfo Info(string name, ETag etag, long size, DateTimeOffset modified, IDictionary<string, string>? metadata)
        => new(name, Text(etag), size, modified, metadata is null ? BlobMetadata.Empty : new Dictionary<string, string>(metadata));

    /// <summary>Headers carry ETags in quotes, lists without.</summary>
    private static string Text(ETag etag) => etag.ToString().Trim('"');

    private BlobClient Blob(string name) => _container.GetBlobClient(BlobName.Check(name));

    private async Task<T> RunAsync<T>(string verb, string name, Func<Task<T>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (RequestFailedException exception)
        {
            var cause = exception.Status switch
            {
                0 => "it cannot be reached",
                401 or 403 => "it refuses this identity, which needs the role Storage Blob Data Contributor",
                _ => $"it answered {exception.Status} {exception.ErrorCode}",
            };
            throw new StorageFaultException($"Cannot {verb} '{name}' in {Description}: {cause}.", exception);
        }
        catch (AuthenticationFailedException exception)
        {
            throw new StorageFaultException($"Cannot {verb} '{name}' in {Description}: there is no credential (az login, a managed identity, or AZURE_CLIENT_ID …).", exception);
        }
        catch (Exception exception) when (exception is AggregateException or System.Net.Http.HttpRequestException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            || (exception is IOException and not (BlobNotFoundException or StorageFaultException)))
        {
            throw new StorageFaultException($"Cannot {verb} '{name}' in {Description}: it does not answer.", exception);
        }
    }

    /// <summary>A download whose faults are told as those of every other call.</summary>
    private sealed class DownloadStream(Stream inner, AzureBlobStore store, string name) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => await store.RunAsync("read", name, () => inner.ReadAsync(buffer, cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

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
    }

    /// <summary>The SDK's retries, but not for a conditional write that may have happened.</summary>
    private sealed class RepeatablePolicy(int maxRetries, DelayStrategy delay) : RetryPolicy(maxRetries, delay)
    {
        protected override bool ShouldRetry(HttpMessage message, Exception? exception)
            => MayRepeat(message) && base.ShouldRetry(message, exception);

        protected override async ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception)
            => MayRepeat(message) && await base.ShouldRetryAsync(message, exception).ConfigureAwait(false);

        private static bool MayRepeat(HttpMessage message)
        {
            var request = message.Request;
            if (request.Method == RequestMethod.Get || request.Method == RequestMethod.Head
                || (!request.Headers.Contains("If-Match") && !request.Headers.Contains("If-None-Match")))
            {
                return true;
            }

            return message.HasResponse && (message.Response.Status == 429
                || (message.Response.Status == 503 && message.Response.Headers.TryGetValue("x-ms-error-code", out var code) && code == "ServerBusy"));
        }
    }
}
