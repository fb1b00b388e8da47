using System.Security.Cryptography;
using Paris.Core.Storage;

namespace Paris.Core.Membership;

/// <summary>Reads and writes a cluster's <c>membership.json</c>.</summary>
public sealed class MembershipBlob(IBlobStore store, ClusterBlobs blobs)
{
    /// <summary>The table and its ETag, or null where there is none.</summary>
    /// <exception cref="StorageFaultException">The store does not answer, or the blob is no membership table.</exception>
    public async Task<(MembershipDocument Document, string ETag)?> FindAsync(CancellationToken cancellationToken = default)
        => await store.GetAsync(blobs.Table, cancellationToken).ConfigureAwait(false) is { } blob
            ? (MembershipDocument.Parse(blob.Bytes, blobs.Table, store.Description), blob.ETag)
            : null;

    /// <summary>The table and its ETag.</summary>
    /// <exception cref="StorageFaultException">As in <see cref="FindAsync"/>, or the table is gone: an empty one would tell every silo that it is dead.</exception>
    public async Task<(MembershipDocument Document, string ETag)> ReadAsync(CancellationToken cancellationToken = default)
        => await FindAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new StorageFaultException($"The membership table '{blobs.Table}' is not in {store.Description}; if somebody deleted it, stop all silos of the cluster '{blobs.ClusterId}' and start them again.");

    /// <summary>Writes the table over <paramref name="etag"/>, or creates it when that is null.</summary>
    /// <returns>The new ETag, or null: somebody else was first.</returns>
    /// <exception cref="StorageFaultException">The store failed, and the table is not known to be written.</exception>
    public async Task<string?> TryWriteAsync(MembershipDocument document, string? etag, CancellationToken cancellationToken = default)
    {
        document = document with { Write = RandomNumberGenerator.GetHexString(32, lowercase: true) };
        var condition = etag is null ? PutCondition.Absent : PutCondition.Match(etag);
        try
        {
            return (await store.PutAsync(blobs.Table, document.Serialize(), condition, cancellationToken: cancellationToken).ConfigureAwait(false)).ETag;
        }
        catch (StorageFaultException)
        {
            // The reply may be what was lost: the table says whose write is in it.
            var found = await FindAsync(cancellationToken).ConfigureAwait(false);
            if (found?.Document.Write == document.Write)
            {
                return found.Value.ETag;
            }

            if (found?.ETag != etag)
            {
                return null;
            }

            throw;
        }
    }
}
