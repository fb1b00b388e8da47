using Xunit;

namespace Paris.Silo.Tests;

/// <summary>A memory control group (version 1 or 2) with a limit, in which the kernel kills who takes more.</summary>
internal sealed class MemoryLimit : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private readonly string _folder;
    private readonly bool _first;

    /// <exception cref="IOException">This user may not make groups.</exception>
    public MemoryLimit(long bytes)
    {
        _first = Directory.Exists(Root + "/memory");
        var own = File.ReadLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).First(parts => _first ? parts[1] == "memory" : parts[0] == "0")[2];
        _folder = $"{Root}{(_first ? "/memory" : "")}{own.TrimEnd('/')}/paris-test-{Guid.NewGuid():N}";
        Directory.CreateDirectory(_folder);
        try
        {
            File.WriteAllText(Path.Combine(_folder, _first ? "memory.limit_in_bytes" : "memory.max"), bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public long Kills => File.ReadLines(Path.Combine(_folder, _first ? "memory.oom_control" : "memory.events"))
        .Where(line => line.StartsWith("oom_kill ", StringComparison.Ordinal))
        .Select(line => long.Parse(line["oom_kill ".Length..], System.Globalization.CultureInfo.InvariantCulture))
        .FirstOrDefault();

    /// <summary>A command that runs in the group.</summary>
    public string[] Wrap(params string[] command) => ["sh", "-c", $"echo $$ > {_folder}/cgroup.procs && exec \"$@\"", "--", .. command];

    public void Dispose() => Directory.Delete(_folder);
}

/// <summary>A test that limits a process's memory by a control group; skipped, with the reason, where this user may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MemoryLimitFactAttribute : FactAttribute
{
    public MemoryLimitFactAttribute()
    {
        try
        {
            new MemoryLimit(1L << 30).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Skip = $"SKIP: this user may not make a memory control group here ({exception.Message}); run as root, in a container with a writable /sys/fs/cgroup";
        }
    }
}
