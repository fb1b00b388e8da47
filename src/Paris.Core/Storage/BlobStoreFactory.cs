using System.Data.Common;

namespace Paris.Core.Storage;

/// <summary>
/// Opens a store by its location, one of
/// <list type="bullet">
/// <item>a directory: <c>./store</c>, <c>/srv/paris</c>;</item>
/// <item>a container's URL: <c>https://ACCOUNT.blob.core.windows.net/CONTAINER</c>, with a shared access signature as its query, or else
/// with the identity that <c>DefaultAzureCredential</c> finds (workload identity, managed identity, <c>az login</c>);</item>
/// <item>a connection string with a container: <c>azure:DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;container=NAME</c>, or
/// <c>azure:UseDevelopmentStorage=true;container=NAME</c> for the emulator.</item>
/// </list>
/// </summary>
public static class BlobStoreFactory
{
    private const string ConnectionStringPrefix = "azure:";

    /// <summary>Opens the store. A directory is created and tried at once; a container is reached at the first use.</summary>
    /// <exception cref="ParisInputException">The location is none of the forms, or the directory cannot be written.</exception>
    public static IBlobStore Open(string location, TimeProvider? time = null, LocalBlobStoreOptions? local = null)
    {
        if (string.IsNullOrWhiteSpace(location))
        {
            throw new ParisInputException("The store's location is empty; name a directory, a container's URL, or azure:CONNECTION-STRING;container=NAME.");
        }

        if (location.StartsWith(ConnectionStringPrefix, StringComparison.OrdinalIgnoreCase))
        {
            var (connectionString, container) = Split(location);
            return AzureBlobStore.FromConnectionString(connectionString, container);
        }

        if (IsUrl(location))
        {
            return AzureBlobStore.FromUri(ParseUrl(location));
        }

        return new LocalBlobStore(location, time ?? TimeProvider.System, local);
    }

    /// <summary>The location without secrets, for logs and people.</summary>
    public static string Describe(string location)
    {
        if (location.StartsWith(ConnectionStringPrefix, StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                var (connectionString, container) = Split(location);
                return AzureBlobStore.FromConnectionString(connectionString, container).Description;
            }
            catch (ParisInputException)
            {
                return "azure:…";
            }
        }

        return IsUrl(location) && Uri.TryCreate(location, UriKind.Absolute, out var uri) ? uri.GetLeftPart(UriPartial.Path) : location;
    }

    /// <summary>Writes and deletes a small blob, so that a store that cannot be written is told at once.</summary>
    /// <exception cref="ParisInputException">The store does not answer or refuses to be written.</exception>
    public static async Task CheckWritableAsync(IBlobStore store, CancellationToken cancellationToken = default)
    {
        try
        {
            var name = "probe/" + System.Security.Cryptography.RandomNumberGenerator.GetHexString(16, lowercase: true);
            await store.PutAsync(name, new byte[] { 1 }, PutCondition.Always, cancellationToken: cancellationToken).ConfigureAwait(false);
            await store.DeleteAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (StorageFaultException exception)
        {
            throw new ParisInputException($"The store {store.Description} cannot be written: {exception.Message}", exception);
        }
    }

    private static bool IsUrl(string location)
        => location.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || location.StartsWith("http://", StringComparison.OrdinalIgnoreCase);

    private static Uri ParseUrl(string location)
    {
        if (!Uri.TryCreate(location, UriKind.Absolute, out var uri) || uri.AbsolutePath.Trim('/').Length == 0)
        {
            throw new ParisInputException($"The store's URL '{Describe(location)}' names no container; it looks like https://ACCOUNT.blob.core.windows.net/CONTAINER.");
        }

        if (uri.Scheme == Uri.UriSchemeHttp && !uri.IsLoopback)
        {
            throw new ParisInputException($"The store's URL '{Describe(location)}' is not encrypted; use https (http only for an emulator on this machine).");
        }

        return uri;
    }

    private static (string ConnectionString, string Container) Split(string location)
    {
        try
        {
            var builder = new DbConnectionStringBuilder { ConnectionString = location[ConnectionStringPrefix.Length..] };
            if (builder.TryGetValue("container", out var container) && container is string { Length: > 0 } name)
            {
                // Only the container's part is taken out: the rest must reach the SDK as it was written.
                var parts = location[ConnectionStringPrefix.Length..].Split(';', StringSplitOptions.RemoveEmptyEntries);
                return (string.Join(';', parts.Where(part => !part.TrimStart().StartsWith("container=", StringComparison.OrdinalIgnoreCase))), name);
            }
        }
        catch (ArgumentException)
        {
            // Told below, without quoting the string: it holds a key.
        }

        throw new ParisInputException("The store's location names no container; it looks like azure:CONNECTION-STRING;container=NAME.");
    }
}
