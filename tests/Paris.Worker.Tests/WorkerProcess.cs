using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Paris.Core.Jobs;

namespace Paris.Worker.Tests;

/// <summary>A real worker process, driven as a silo drives it.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly BlockingCollection<WorkerEvent> _events = [];
    private readonly ConcurrentQueue<string> _log = new();
    private readonly Timer? _heartbeat;

    private WorkerProcess(bool heartbeats, bool reads, string[] prefix)
    {
        string[] command = [.. prefix, "dotnet", Path];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginErrorReadLine();
        if (reads)
        {
            new Thread(ReadEvents) { IsBackground = true }.Start();
        }

        _heartbeat = heartbeats ? new Timer(_ => Send(new HeartbeatCommand()), null, TimeSpan.Zero, WorkerProtocol.HeartbeatPeriod) : null;
    }

    /// <summary>The worker's assembly: the launcher's build, else the one beside the tests.</summary>
    public static string Path => Environment.GetEnvironmentVariable("PARIS_WORKER") is { Length: > 0 } path && File.Exists(path)
        ? path
        : System.IO.Path.Combine(AppContext.BaseDirectory, "Paris.Worker.dll");

    public string Log => string.Join('\n', _log);

    /// <param name="store">Where.</param>
    /// <param name="job">What.</param>
    /// <param name="claim">New for every start.</param>
    /// <param name="heartbeats">Whether the silo lives.</param>
    /// <param name="split">Parts of a micro-batch.</param>
    /// <param name="reads">Whether the silo reads the events.</param>
    /// <param name="prefix">A command that runs the worker: a tracer, a shell that sets limits.</param>
    public static WorkerProcess Start(string store, JobId job, string claim, bool heartbeats = true, int split = 1, bool reads = true, string[]? prefix = null)
    {
        var worker = new WorkerProcess(heartbeats, reads, prefix ?? []);
        worker.Send(new StartCommand(WorkerProtocol.Version, job, store, "test-silo", claim, 1, Split: split));
        return worker;
    }

    /// <summary>Runs a job to its end; fails with the worker's log when it does not complete.</summary>
    public static void Complete(string store, JobId job, string claim)
    {
        using var worker = Start(store, job, claim);
        var code = worker.WaitForExit(TimeSpan.FromMinutes(10));
        if (code != 0)
        {
            throw new InvalidOperationException($"{job} ended with {code}:\n{worker.Log}");
        }
    }

    public void Send(WorkerCommand command)
    {
        try
        {
            lock (_process)
            {
                _process.StandardInput.WriteLine(JsonSerializer.Serialize(command, WorkerProtocol.Json));
                _process.StandardInput.Flush();
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The worker has ended.
        }
    }

    /// <summary>Closes the worker's standard input, as a silo that dies does.</summary>
    public void CloseInput()
    {
        lock (_process)
        {
            _process.StandardInput.Close();
        }
    }

    /// <summary>The next event of a kind, or null when the worker ended without one.</summary>
    public T? Next<T>(TimeSpan limit, Func<T, bool>? wanted = null)
        where T : WorkerEvent
    {
        var until = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(until) < limit)
        {
            if (_events.TryTake(out var next, TimeSpan.FromSeconds(1)))
            {
                if (next is T found && wanted?.Invoke(found) != false)
                {
                    return found;
                }
            }
            else if (_events.IsCompleted)
            {
                return null;
            }
        }

        throw new TimeoutException($"no {typeof(T).Name} within {limit}:\n{Log}");
    }

    /// <summary>All events from now to the worker's end.</summary>
    public List<WorkerEvent> Rest(TimeSpan limit)
    {
        WaitForExit(limit);
        return [.. _events.GetConsumingEnumerable()];
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public int WaitForExit(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit))
        {
            throw new TimeoutException($"the worker did not end within {limit}:\n{Log}");
        }

        // Without a limit it also waits for the last line of the log.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _heartbeat?.Dispose();
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private void ReadEvents()
    {
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            _events.Add(JsonSerializer.Deserialize<WorkerEvent>(line, WorkerProtocol.Json)!);
        }

        _events.CompleteAdding();
    }
}
