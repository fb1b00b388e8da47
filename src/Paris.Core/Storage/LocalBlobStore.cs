using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Paris.Core.Storage;

/// <summary>
/// A directory as a blob store, shared by any number of processes of one machine (or over a file system with POSIX locks).
/// </summary>
/// <remarks>
/// <para>
/// The blob <c>a/b.json</c> is the symbolic link <c>a/b.json → .blobs/{etag}-b.json</c>. The file behind it is written whole, and never
/// changed again, before the link names it; its name carries the ETag, a fresh nonce, and metadata lie beside it in
/// <c>.blobs/m-{etag}-b.json</c>. So one rename of the link makes content, ETag and metadata visible together, a reader that
/// follows one link can never see two versions mixed, and every other program can open <c>a/b.json</c> as the plain file it is.
/// </para>
/// <para>
/// Replacing and deleting hold an OS lock (<c>flock</c>) on one of 256 side files over compare and rename; creation needs none, because
/// <c>symlink()</c> never replaces. Locks die with their process. A writer holds a lock on its own unfinished file, so that whoever
/// finds an unlinked file without a lock knows that its writer was killed, and removes it (<see cref="Sweep"/>; every process
/// does so before its first write to a folder).
/// </para>
/// <para>A plain file put into the tree by hand is a blob too; its ETag comes from its time and size.</para>
/// </remarks>
public sealed class LocalBlobStore : IBlobStore
{
    private const string ObjectFolder = ".blobs";
    private const string SystemFolder = ".paris";
    private const string MetadataPrefix = "m-";
    private const string LinkPrefix = "l-";
    private const int Stripes = 256;

    // {nonce:24}{p or m}-, and "m-" before it for metadata; file systems end a name at 255 bytes.
    private const int MaxSegmentBytes = 255 - 2 - 26;

    private readonly TimeProvider _time;
    private readonly LocalBlobStoreOptions _options;
    private readonly ConcurrentDictionary<string, bool> _readyFolders = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim?[] _gates = new SemaphoreSlim?[Stripes];

    /// <summary>Opens the directory <paramref name="root"/>, creating it if need be.</summary>
    /// <exception cref="ParisInputException">The directory cannot be created or written.</exception>
    public LocalBlobStore(string root, TimeProvider time, LocalBlobStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(root);
        Root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _time = time;
        _options = options ?? new();
        try
        {
            Directory.CreateDirectory(LockFolder);
            var probe = Path.Combine(Root, SystemFolder, "probe-" + RandomNumberGenerator.GetHexString(16, lowercase: true));
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"The store '{Root}' cannot be written ({exception.Message.TrimEnd('.')}); name a directory that this user may create and write.", exception);
        }
    }

    /// <summary>The directory, as a full path.</summary>
    public string Root { get; }

    /// <inheritdoc/>
    public string Description => Root;

    private string LockFolder => Path.Combine(Root, SystemFolder, "locks");

    /// <inheritdoc/>
    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => Run<BlobContent?>(name, "read", place =>
    {
        using var version = Resolve(place, open: true);
        if (version is null)
        {
            return null;
        }

        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)version.Info.Size));
        var read = 0;
        while (read < bytes.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = RandomAccess.Read(version.Handle!, bytes.AsSpan(read, Math.Min(bytes.Length - read, 1 << 24)), read);
            if (count == 0)
            {
                throw new IOException($"'{place.Path}' ended at byte {read} of {bytes.Length}.");
            }

            read += count;
        }

        return new BlobContent(version.Info, bytes);
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => Run(name, "read", place =>
    {
        using var version = Resolve(place, open: false);
        return version?.Info;
    }, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return Run<Stream>(name, "read", place =>
        {
            var version = Resolve(place, open: true) ?? throw new BlobNotFoundException(name, Description);
            var start = Math.Min(offset, version.Info.Size);
            return new RangeStream(version.Handle!, start, Math.Min(length ?? long.MaxValue, version.Info.Size - start));
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
        => Run(name, "write", place => Put(place, content, condition, BlobMetadata.Check(metadata, name), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => Run(name, "delete", place =>
    {
        Link? current;
        using (Lock(place.Name, cancellationToken))
        {
            current = ReadCurrent(place);
            if (current is null || (ifMatch is not null && current.Value.ETag != ifMatch))
            {
                return false;
            }

            Posix.Unlink(place.Path);
        }

        Sync(place.Folder);
        RemoveObject(place.Folder, current.Value.Object);
        return true;
    }, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Only the folder part of a prefix can be entered; the rest filters.
        var folder = BlobName.CheckPrefix(prefix)[..(prefix.LastIndexOf('/') + 1)];
        await Task.Yield();
        foreach (var info in Walk(folder, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return info;
        }
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => Task.FromResult(_time.GetUtcNow());

    /// <summary>Removes what killed writers left behind, in the whole store; writers at work are not disturbed.</summary>
    /// <returns>How many files were removed.</returns>
    public int Sweep()
    {
        var removed = 0;
        foreach (var folder in Directory.EnumerateDirectories(Root, ObjectFolder, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
        {
            removed += SweepFolder(Path.GetDirectoryName(folder)!);
        }

        return removed;
    }

    private async Task<T> Run<T>(string name, string verb, Func<Place, T> action, CancellationToken cancellationToken)
    {
        var place = Locate(name);
        try
        {
            // File calls block; the caller's thread may be a grain's.
            return await Task.Run(() => action(place), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is (IOException and not (BlobNotFoundException or StorageFaultException)) or UnauthorizedAccessException)
        {
            var cause = exception.HResult == Posix.NoSpace || exception.Message.Contains("No space left", StringComparison.Ordinal)
                ? "the disk is full"
                : exception.Message.TrimEnd('.');
            throw new StorageFaultException($"Cannot {verb} '{name}' in the store '{Root}': {cause}.", exception);
        }
    }

    private Place Locate(string name)
    {
        BlobName.Check(name);
        foreach (var segment in name.Split('/'))
        {
            if (segment is ObjectFolder or SystemFolder)
            {
                throw new ParisInputException($"Blob name '{name}' has the segment '{segment}', which a local store keeps for itself.");
            }

            if (segment.Length > MaxSegmentBytes / 4 && Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes)
            {
                throw new ParisInputException($"Blob name '{name}' has a segment longer than {MaxSegmentBytes} bytes, more than a file system takes.");
            }
        }

        var path = Path.Combine(Root, name);
        return new Place(name, path, Path.GetDirectoryName(path)!, Path.GetFileName(path));
    }

    private PutResult Put(Place place, Stream content, PutCondition condition, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        var refused = new PutResult(false, null);
        if (condition != PutCondition.Always)
        {
            // Spares the upload where the outcome is clear already.
            var current = ReadCurrent(place);
            if (condition.IfAbsent ? current is not null : current?.ETag != condition.IfMatch)
            {
                return refused;
            }
        }

        PrepareFolder(place);
        var etag = RandomNumberGenerator.GetHexString(24, lowercase: true) + (metadata.Count > 0 ? 'm' : 'p');
        var file = $"{etag}-{place.File}";
        var objectPath = Path.Combine(place.Folder, ObjectFolder, file);
        var committed = false;
        Link? replaced = null;
        try
        {
            using (var handle = CreateObject(objectPath))
            {
                WriteObject(handle, content, cancellationToken);
                if (metadata.Count > 0)
                {
                    WriteMetadata(Path.Combine(place.Folder, ObjectFolder, MetadataPrefix + file), metadata);
                }

                Sync(Path.Combine(place.Folder, ObjectFolder));
                cancellationToken.ThrowIfCancellationRequested();
                if (condition.IfAbsent)
                {
                    committed = Posix.TrySymlink($"{ObjectFolder}/{file}", place.Path);
                }
                else
                {
                    var link = Path.Combine(place.Folder, ObjectFolder, LinkPrefix + file);
                    Posix.TrySymlink($"{ObjectFolder}/{file}", link);
                    using (Lock(place.Name, cancellationToken))
                    {
                        replaced = ReadCurrent(place);
                        if (condition.IfMatch is null || replaced?.ETag == condition.IfMatch)
                        {
                            Posix.Rename(link, place.Path);
                            committed = true;
                        }
                    }
                }
            }
        }
        finally
        {
            if (!committed)
            {
                RemoveObject(place.Folder, file);
            }
        }

        if (!committed)
        {
            return refused;
        }

        Sync(place.Folder);
        if (replaced is { } old)
        {
            RemoveObject(place.Folder, old.Object);
        }

        return new PutResult(true, etag);
    }

    /// <summary>Creates a new file and locks it, so that sweepers see that its writer lives.</summary>
    private static SafeFileHandle CreateObject(string path)
    {
        while (true)
        {
            try
            {
                // FileShare.None is the same advisory lock, taken a moment after the file was created.
                var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
                if (Posix.TryLock(handle, path) && File.Exists(path))
                {
                    return handle;
                }

                handle.Dispose();
            }
            catch (IOException exception) when (exception.HResult == Posix.WouldBlock)
            {
            }

            // A sweeper came between creation and lock, and has removed or is about to remove the empty file.
            Posix.Unlink(path);
        }
    }

    private void WriteObject(SafeFileHandle handle, Stream content, CancellationToken cancellationToken)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(1 << 18);
        try
        {
            long offset = 0;
            int count;
            while ((count = content.Read(buffer)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(handle, buffer.AsSpan(0, count), offset);
                offset += count;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }

        // The blob's time is the store's clock, like the server's on Azure.
        File.SetLastWriteTimeUtc(handle, _time.GetUtcNow().UtcDateTime);
        if (_options.Durable)
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    private void WriteMetadata(string path, IReadOnlyDictionary<string, string> metadata)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(handle, JsonSerializer.SerializeToUtf8Bytes(metadata), 0);
        if (_options.Durable)
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    /// <summary>Makes the folder and its object folder, and sweeps it once a process.</summary>
    private void PrepareFolder(Place place)
    {
        var objects = Path.Combine(place.Folder, ObjectFolder);
        if (_readyFolders.ContainsKey(place.Folder) && Directory.Exists(objects))
        {
            return;
        }

        var missing = new Stack<string>();
        for (var folder = objects; !Directory.Exists(folder); folder = Path.GetDirectoryName(folder)!)
        {
            if (Posix.ReadLink(folder, out var isFile) is not null || isFile)
            {
                throw new ParisInputException($"Blob name '{place.Name}' needs the folder '{Path.GetRelativePath(Root, folder)}', but that is a blob in the store '{Root}'.");
            }

            missing.Push(folder);
        }

        foreach (var folder in missing)
        {
            Directory.CreateDirectory(folder);
            Sync(Path.GetDirectoryName(folder)!);
        }

        if (_readyFolders.TryAdd(place.Folder, true))
        {
            try
            {
                SweepFolder(place.Folder);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Leftovers are harmless; the write itself will say what is wrong with the folder.
            }
        }
    }

    private void Sync(string folder)
    {
        if (_options.Durable)
        {
            Posix.SyncFolder(folder);
        }
    }

    /// <summary>What the name links to now; null when it names nothing.</summary>
    private static Link? ReadCurrent(Place place)
    {
        var target = Posix.ReadLink(place.Path, out var exists);
        if (target is not null && target.StartsWith(ObjectFolder + "/", StringComparison.Ordinal))
        {
            var file = target[(ObjectFolder.Length + 1)..];
            return new Link(file[..Math.Max(0, file.IndexOf('-', StringComparison.Ordinal))], file);
        }

        if (!exists)
        {
            return null;
        }

        // A plain file (or a link to one elsewhere) that somebody put there.
        var info = new FileInfo(place.Path);
        return info.Exists && (info.Attributes & FileAttributes.Directory) == 0
            ? new Link(string.Create(CultureInfo.InvariantCulture, $"f{info.LastWriteTimeUtc.Ticks:x}-{info.Length:x}"), null)
            : null;
    }

    /// <summary>One version of the blob: its facts and, if asked for, an open handle that stays valid when the blob is replaced.</summary>
    private Version? Resolve(Place place, bool open)
    {
        // A version can be replaced and removed between the link and the file; then the link names a newer one.
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            if (ReadCurrent(place) is not { } link)
            {
                return null;
            }

            var path = link.Object is null ? place.Path : Path.Combine(place.Folder, ObjectFolder, link.Object);
            var handle = open ? Posix.Open(path, Posix.Access.Read) : null;
            var keep = false;
            try
            {
                if (open && handle is null)
                {
                    continue;
                }

                // A link nobody will move again, over a file that is gone, must not be waited for.
                var info = new FileInfo(path);
                DateTime modified;
                long size;
                if (open)
                {
                    size = RandomAccess.GetLength(handle!);
                    modified = File.GetLastWriteTimeUtc(handle!);
                }
                else if (info.Exists)
                {
                    size = info.Length;
                    modified = info.LastWriteTimeUtc;
                }
                else
                {
                    continue;
                }

                var metadata = ReadMetadata(place.Folder, link);
                if (metadata is not null)
                {
                    keep = true;
                    return new Version(new BlobInfo(place.Name, link.ETag, size, new DateTimeOffset(modified, TimeSpan.Zero), metadata), handle);
                }
            }
            finally
            {
                if (!keep)
                {
                    handle?.Dispose();
                }
            }
        }

        throw new StorageFaultException($"Blob '{place.Name}' in the store '{Root}' names a file that is not there; the store was damaged from outside.");
    }

    /// <summary>Null when the version was removed meanwhile.</summary>
    private static IReadOnlyDictionary<string, string>? ReadMetadata(string folder, Link link)
    {
        if (link.Object is null || !link.ETag.EndsWith('m'))
        {
            return BlobMetadata.Empty;
        }

        using var handle = Posix.Open(Path.Combine(folder, ObjectFolder, MetadataPrefix + link.Object), Posix.Access.Read);
        if (handle is null)
        {
            return null;
        }

        var bytes = new byte[RandomAccess.GetLength(handle)];
        var count = RandomAccess.Read(handle, bytes, 0);
        return JsonSerializer.Deserialize<Dictionary<string, string>>(bytes.AsSpan(0, count));
    }

    /// <summary>Removes a version that no name links to.</summary>
    private static void RemoveObject(string folder, string? file)
    {
        if (file is null)
        {
            return;
        }

        var objects = Path.Combine(folder, ObjectFolder);
        try
        {
            Posix.Unlink(Path.Combine(objects, LinkPrefix + file));
            Posix.Unlink(Path.Combine(objects, file));
            Posix.Unlink(Path.Combine(objects, MetadataPrefix + file));
        }
        catch (IOException)
        {
            // The outcome of the write is decided; a later sweep removes what stays.
        }
    }

    private static int SweepFolder(string folder)
    {
        var objects = Path.Combine(folder, ObjectFolder);
        var removed = 0;
        foreach (var path in Directory.GetFiles(objects, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }))
        {
            var entry = Path.GetFileName(path);
            if (entry.StartsWith(MetadataPrefix, StringComparison.Ordinal) || entry.StartsWith(LinkPrefix, StringComparison.Ordinal))
            {
                // Both are made after their object, so without one they are leftovers.
                removed += !File.Exists(Path.Combine(objects, entry[2..])) && Posix.Unlink(path) ? 1 : 0;
                continue;
            }

            var name = entry[(entry.IndexOf('-', StringComparison.Ordinal) + 1)..];
            if (IsLinked(folder, name, entry))
            {
                continue;
            }

            // Its writer holds a lock as long as it may still link the file.
            using var handle = Posix.Open(path, Posix.Access.ReadWrite);
            if (handle is not null && Posix.TryLock(handle, path) && !IsLinked(folder, name, entry))
            {
                RemoveObject(folder, entry);
                removed++;
            }
        }

        return removed;

        static bool IsLinked(string folder, string name, string entry)
            => Posix.ReadLink(Path.Combine(folder, name), out _) == $"{ObjectFolder}/{entry}";
    }

    private IEnumerable<BlobInfo> Walk(string folder, string prefix)
    {
        string[] entries;
        try
        {
            var path = Path.Combine(Root, folder);
            entries = Directory.Exists(path)
                ? [.. new DirectoryInfo(path).EnumerateFileSystemInfos().Select(info => folder + info.Name + (Directory.Exists(info.FullName) ? "/" : ""))]
                : [];
        }
        catch (DirectoryNotFoundException)
        {
            entries = [];
        }

        // '/' takes part in the order of whole names: "a-b" comes before "a/b".
        Array.Sort(entries, string.CompareOrdinal);
        foreach (var entry in entries)
        {
            if (entry.EndsWith('/'))
            {
                var name = entry[folder.Length..^1];
                var fits = entry.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(entry, StringComparison.Ordinal);
                if (fits && name is not (ObjectFolder or SystemFolder))
                {
                    foreach (var info in Walk(entry, prefix))
                    {
                        yield return info;
                    }
                }
            }
            else if (entry.StartsWith(prefix, StringComparison.Ordinal))
            {
                using var version = Resolve(Locate(entry), open: false);
                if (version is not null)
                {
                    yield return version.Info;
                }
            }
        }
    }

    private LockHandle Lock(string name, CancellationToken cancellationToken)
    {
        // By name, not by path: processes may reach the root by different paths.
        var stripe = SHA256.HashData(Encoding.UTF8.GetBytes(name))[0] % Stripes;
        var gate = _gates[stripe] ?? Interlocked.CompareExchange(ref _gates[stripe], new SemaphoreSlim(1), null) ?? _gates[stripe]!;
        var started = _time.GetTimestamp();
        if (!gate.Wait(_options.LockTimeout, cancellationToken))
        {
            throw Timeout(name);
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = OpenLock(Path.Combine(LockFolder, stripe.ToString("x2", CultureInfo.InvariantCulture)));
            for (var pause = 0; !Posix.TryLock(handle, name); pause = Math.Min(pause + 1, 10))
            {
                // flock has no time limit of its own, and a stopped holder would stop everybody.
                cancellationToken.ThrowIfCancellationRequested();
                if (_time.GetElapsedTime(started) > _options.LockTimeout)
                {
                    throw Timeout(name);
                }

                Thread.Sleep(pause);
            }

            return new LockHandle(handle, gate);
        }
        catch
        {
            handle?.Dispose();
            gate.Release();
            throw;
        }
    }

    private StorageFaultException Timeout(string name)
        => new($"Another process has held the lock of '{name}' for {_options.LockTimeout.TotalSeconds:0} s; is it stopped?");

    private static SafeFileHandle OpenLock(string path)
    {
        while (true)
        {
            if (Posix.Open(path, Posix.Access.ReadWrite) is { } handle)
            {
                return handle;
            }

            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite).Dispose();
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another process was faster.
            }
        }
    }

    private readonly record struct Place(string Name, string Path, string Folder, string File);

    /// <summary>What a name links to: the ETag and the object's file name, null for a plain file.</summary>
    private readonly record struct Link(string ETag, string? Object);

    private sealed record Version(BlobInfo Info, SafeFileHandle? Handle) : IDisposable
    {
        public void Dispose() => Handle?.Dispose();
    }

    private sealed class LockHandle(SafeFileHandle handle, SemaphoreSlim gate) : IDisposable
    {
        public void Dispose()
        {
            handle.Dispose();
            gate.Release();
        }
    }
}
