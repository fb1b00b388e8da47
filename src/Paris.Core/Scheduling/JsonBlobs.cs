using System.Text.Json;
using Paris.Core.Storage;

namespace Paris.Core.Scheduling;

/// <summary>Small JSON records in the store, changed only over a known ETag. Continues on its caller's scheduler: grains keep their turn.</summary>
public static class JsonBlobs
{
    /// <summary>The record and its ETag; null and null when there is none.</summary>
    public static async Task<(T? Value, string? ETag)> ReadAsync<T>(IBlobStore store, string name)
        where T : class
    {
        if (await store.GetAsync(name) is not { } blob)
        {
            return (null, null);
        }

        try
        {
            return (JsonSerializer.Deserialize<T>(blob.Bytes, JobRecord.Json), blob.ETag);
        }
        catch (JsonException exception)
        {
            throw new StorageFaultException($"'{name}' in {store.Description} is not readable: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Creates a blob that never changes, unless it is there. After a fault it is tried again: whoever finds it then finds what this call
    /// wrote, or another's, and compares.
    /// </summary>
    public static async Task CreateAsync(IBlobStore store, string name, byte[] content)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await store.PutAsync(name, content, PutCondition.Absent);
                return;
            }
            catch (StorageFaultException) when (attempt < 4)
            {
                // The reply may have been lost.
            }
        }
    }

    /// <summary>Writes over <paramref name="etag"/>, or creates when it is null. Null when somebody else was first.</summary>
    public static async Task<string?> WriteAsync<T>(IBlobStore store, string name, T value, string? etag)
    {
        var condition = etag is null ? PutCondition.Absent : PutCondition.Match(etag);
        var result = await store.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, JobRecord.Json), condition);
        return result.Succeeded ? result.ETag : null;
    }

    /// <summary>Changes the record, again after every lost race, and returns what was written.</summary>
    public static async Task<(T Value, string ETag)> ChangeAsync<T>(IBlobStore store, string name, T? known, string? etag, Func<T?, T> change)
        where T : class
    {
        for (var attempt = 0; attempt < 8; attempt++)
        {
            var next = change(known);
            if (await WriteAsync(store, name, next, etag) is { } written)
            {
                return (next, written);
            }

            (known, etag) = await ReadAsync<T>(store, name);
        }

        throw new StorageFaultException($"'{name}' in {store.Description} changes faster than it can be written; is a second cluster using the same store?");
    }
}
