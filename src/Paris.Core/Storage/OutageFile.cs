namespace Paris.Core.Storage;

/// <summary>
/// A switch that several processes see: while the file's time of change lies in the future, stores wrapped by it are out. A silo throws it
/// for itself and for its workers, which find the file by <see cref="Variable"/>.
/// </summary>
/// <param name="path">The file; it need not exist.</param>
/// <param name="time">The clock of all who look at the file: one machine's.</param>
public sealed class OutageFile(string path, TimeProvider time)
{
    /// <summary>Environment variable that tells a worker of its silo's file.</summary>
    public const string Variable = "PARIS_OUTAGE_FILE";

    public string Path { get; } = path;

    /// <summary>True while the store is out. A missing file's time lies in the past.</summary>
    public bool IsOut => File.GetLastWriteTimeUtc(Path) > time.GetUtcNow().UtcDateTime;

    /// <summary>Lets every call fail from now on for <paramref name="duration"/>.</summary>
    public void Begin(TimeSpan duration)
    {
        using (File.Open(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
        {
        }

        File.SetLastWriteTimeUtc(Path, (time.GetUtcNow() + duration).UtcDateTime);
    }

    /// <summary>The store behind the switch that this process's environment names; the store itself where it names none.</summary>
    public static IBlobStore Wrap(IBlobStore store, TimeProvider time)
        => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? new OutageFile(path, time).Before(store) : store;

    /// <summary>The store behind this switch.</summary>
    public IBlobStore Before(IBlobStore store) => new FaultyBlobStore(store, 0, new BlobFaultOptions { OutageFile = this }, time);
}
