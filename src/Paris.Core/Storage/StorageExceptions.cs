namespace Paris.Core.Storage;

/// <summary>There is no blob of this name.</summary>
public sealed class BlobNotFoundException(string name, string store)
    : IOException($"There is no blob '{name}' in {store}.");

/// <summary>An access outside what this worker may see (DESIGN section 6): its own cluster's data and its own folder.</summary>
public sealed class BlobScopeException(string name, string owner, string verb = "read")
    : UnauthorizedAccessException($"{owner} may not {verb} '{name}': it belongs to another job.");

/// <summary>The store did not answer, or answered with a fault that retries did not cure.</summary>
public class StorageFaultException(string message, Exception? inner = null)
    : IOException(message, inner);
