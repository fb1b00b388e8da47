using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Paris.Core.Storage;

/// <summary>The few file system calls that .NET does not offer: symbolic links that never replace, advisory locks, fsync of a folder.</summary>
internal static partial class Posix
{
    internal const int NoEntry = 2;
    internal const int Exists = 17;
    internal const int NotFolder = 20;
    internal const int InvalidArgument = 22;
    internal const int NoSpace = 28;
    internal const int ReadOnlyFileSystem = 30;

    internal static readonly int WouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;

    private const int Interrupted = 4;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private static readonly int CloseOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    internal enum Access
    {
        Read = 0,
        ReadWrite = 2,
    }

    /// <summary>
    /// Opens an existing file or folder; null when there is none. Unlike <see cref="File.OpenHandle"/> it takes no advisory lock, so a
    /// reader never meets a writer's. Not inherited by child processes.
    /// </summary>
    internal static SafeFileHandle? Open(string path, Access access)
    {
        int descriptor;
        do
        {
            descriptor = OpenCore(path, (int)access | CloseOnExec);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotFolder ? null : throw Failure("open", path, error);
    }

    /// <summary>Takes the exclusive advisory lock of an open file if nobody holds it. The lock dies with the handle, hence with the process.</summary>
    internal static bool TryLock(SafeFileHandle handle, string path)
    {
        while (FlockCore(handle, LockExclusive | LockNonBlocking) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == WouldBlock)
            {
                return false;
            }

            if (error != Interrupted)
            {
                throw Failure("lock", path, error);
            }
        }

        return true;
    }

    /// <summary>Creates a symbolic link; false when the name exists already.</summary>
    internal static bool TrySymlink(string target, string path)
    {
        if (SymlinkCore(target, path) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw Failure("create", path, error);
    }

    /// <summary>A symbolic link's target; null when <paramref name="path"/> is no link, then <paramref name="exists"/> says whether it is there at all.</summary>
    internal static string? ReadLink(string path, out bool exists)
    {
        Span<byte> buffer = stackalloc byte[4096];
        var length = ReadLinkCore(path, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
        if (length >= 0)
        {
            exists = true;
            return Encoding.UTF8.GetString(buffer[..(int)length]);
        }

        var error = Marshal.GetLastPInvokeError();
        exists = error == InvalidArgument;
        return error is InvalidArgument or NoEntry or NotFolder ? null : throw Failure("read", path, error);
    }

    /// <summary>Renames over whatever <paramref name="to"/> names, in one step.</summary>
    internal static void Rename(string from, string to)
    {
        if (RenameCore(from, to) != 0)
        {
            throw Failure("replace", to, Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Removes a name; false when there was none.</summary>
    internal static bool Unlink(string path)
    {
        if (UnlinkCore(path) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NotFolder ? false : throw Failure("delete", path, error);
    }

    /// <summary>Makes a folder's names durable.</summary>
    internal static void SyncFolder(string path)
    {
        using var handle = Open(path, Access.Read);
        if (handle is not null && FsyncCore(handle) != 0)
        {
            var error = Marshal.GetLastPInvokeError();

            // Some network file systems refuse fsync on folders; there it is the server's affair.
            if (error != InvalidArgument)
            {
                throw Failure("sync", path, error);
            }
        }
    }

    private static IOException Failure(string verb, string path, int error)
        => new($"Cannot {verb} '{path}': {Marshal.GetPInvokeErrorMessage(error)}.", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCore(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockCore(SafeFileHandle handle, int operation);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SymlinkCore(string target, string path);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ReadLinkCore(string path, ref byte buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameCore(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkCore(string path);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCore(SafeFileHandle handle);
}
