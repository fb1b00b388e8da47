using System.Text;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Faults;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Jobs;

namespace Paris.Worker;

/// <summary>
/// Runs one job for a silo (DESIGN section 6): one thread reads commands, one long-lived thread owns the device and runs the job, and a
/// watch ends the process when the silo is silent or gone, after one last commit.
/// </summary>
public sealed class WorkerHost
{
    /// <summary>How long the last commit may take once the silo is gone.</summary>
    public static readonly TimeSpan LastCommitLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long the end waits until the silo has read the last events.</summary>
    public static readonly TimeSpan LastWordsLimit = TimeSpan.FromSeconds(2);

    private readonly Stream _input;
    private readonly EventWriter _events;
    private readonly TimeProvider _time;
    private readonly Action<int> _exit;
    private readonly TaskCompletionSource<StartCommand?> _start = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private JobContext? _context;
    private string? _stopBeforeStart;
    private long _lastLine;
    private volatile bool _siloGone;

    /// <param name="input">Commands, one JSON object a line.</param>
    /// <param name="output">Events, one JSON object a line.</param>
    /// <param name="time">The clock of heartbeats.</param>
    /// <param name="exit">Ends the process at once; called when the last commit takes too long.</param>
    public WorkerHost(Stream input, Stream output, TimeProvider time, Action<int> exit)
    {
        _input = input;
        _events = new EventWriter(output);
        _time = time;
        _exit = exit;
        _lastLine = time.GetTimestamp();
    }

    /// <summary>Runs the job to its end and returns the process's exit code (<see cref="WorkerExitCode"/>, or 1 for a crash).</summary>
    public int Run()
    {
        try
        {
            return RunToItsEnd();
        }
        finally
        {
            _events.Close(LastWordsLimit);
            _events.Dispose();
        }
    }

    private int RunToItsEnd()
    {
        new Thread(ReadCommands) { IsBackground = true, Name = "commands" }.Start();
        using var watch = _time.CreateTimer(_ => WatchSilence(), null, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));

        var start = _start.Task.GetAwaiter().GetResult();
        if (start is null)
        {
            Console.Error.WriteLine("The silo went away before it sent a start command.");
            return (int)WorkerExitCode.Stopped;
        }

        var code = 1;
        var device = new Thread(() => code = RunJob(start), 16 * 1024 * 1024) { Name = "device" };
        device.Start();
        device.Join();
        return code;
    }

    private int RunJob(StartCommand start)
    {
        try
        {
            return RunJobCore(start);
        }
        catch (StoppedException exception)
        {
            Console.Error.WriteLine(exception.Message);
            return (int)WorkerExitCode.Stopped;
        }
        catch (BlobScopeException exception)
        {
            // Somebody wrote a name into this job's inputs that is not its own: it stays so, however often it is tried.
            return Fail((int)WorkerExitCode.BadInput, exception.Message);
        }
        catch (FencedException exception)
        {
            return Fail((int)WorkerExitCode.Fenced, exception.Message);
        }
        catch (ParisInputException exception)
        {
            return Fail((int)WorkerExitCode.BadInput, exception.Message);
        }
        catch (DivergedException exception)
        {
            return Fail((int)WorkerExitCode.Diverged, exception.Message);
        }
        catch (StorageFaultException exception)
        {
            return Fail((int)WorkerExitCode.StorageFault, exception.Message);
        }
        catch (Exception exception) when (IsOutOfMemory(exception))
        {
            return Fail((int)WorkerExitCode.OutOfMemory, FirstLine(exception.Message));
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine(exception);
            return Fail(1, $"{exception.GetType().Name}: {exception.Message}");
        }
    }

    private int RunJobCore(StartCommand start)
    {
        FaultPoints.ArmFromEnvironment();
        FaultPoints.Hit(FaultPoint.WorkerStart, start.Job.Key);
        if (start.Protocol != WorkerProtocol.Version)
        {
            throw new ParisInputException($"the silo speaks worker protocol {start.Protocol}, this worker {WorkerProtocol.Version}; use a worker of the same release.");
        }

        if (!JobRegistry.Kinds.Contains(start.Job.Kind))
        {
            throw new ParisInputException($"this worker runs no jobs of the kind '{start.Job.KindName}'.");
        }

        var store = OutageFile.Wrap(BlobStoreFactory.Open(start.Store), _time);
        var specName = $"runs/{start.Job.Run}/spec.json";
        var specBlob = JobContext.Await(store.GetAsync(specName))
            ?? throw new ParisInputException($"run '{start.Job.Run}' has no {specName} in {store.Description}; submit the run first.");
        var spec = RunSpecJson.Read(specBlob.Bytes, specName);
        var scoped = ScopedBlobStore.ForJob(store, start.Job, spec: spec);
        try
        {
            return RunJobCore(start, spec, scoped);
        }
        finally
        {
            // However it ended: an attempt to read another expert's data is told.
            _events.Write(new MetricEvent("bytes-between-experts", scoped.BytesBetweenExperts, 0));
        }
    }

    private int RunJobCore(StartCommand start, RunSpec spec, ScopedBlobStore scoped)
    {
        if (JobContext.Await(JobFence.ReadHeadAsync(scoped, start.Job)) is { Result: { } finished })
        {
            // A repeated start of finished work: nothing to do, and nothing to take over.
            _events.Write(new CompletedEvent(finished.Name));
            return (int)WorkerExitCode.Completed;
        }

        var fence = JobContext.Await(JobFence.TakeOverAsync(scoped, start.Job, start.Silo, start.Claim, "start"));
        if (fence.Head.Result is { } meanwhile)
        {
            // The former owner finished between the look and the take-over: its result stays the result.
            _events.Write(new CompletedEvent(meanwhile.Name));
            return (int)WorkerExitCode.Completed;
        }

        var context = new JobContext
        {
            Spec = spec,
            Job = start.Job,
            Store = scoped,
            Fence = fence,
            Reporter = new ProtocolReporter(_events, fence.Epoch),
            Time = _time,
            Threads = start.Threads,
            Split = start.Split,
            SourceRoots = start.SourceRoots,
        };
        lock (_gate)
        {
            _context = context;
            if (_stopBeforeStart is { } reason)
            {
                context.RequestStop(reason);
            }
        }

        Training.Trainers.HostAllocator.KeepFreedMemory();
        TorchSharp.torch.set_num_threads(Math.Max(1, start.Threads));
        JobRegistry.Create(start.Job.Kind).Run(context);
        _events.Write(new CompletedEvent(fence.Head.Result?.Name
            ?? throw new InvalidOperationException($"{start.Job.Key} returned without a committed result.")));
        return (int)WorkerExitCode.Completed;
    }

    /// <summary>libtorch tells a failed allocation only in words, on the host and on a device.</summary>
    private static bool IsOutOfMemory(Exception exception) => exception is OutOfMemoryException
        || (exception is System.Runtime.InteropServices.ExternalException && WorkerExit.SaysOutOfMemory(exception.Message))
        || (exception.InnerException is { } inner && IsOutOfMemory(inner));

    /// <summary>libtorch's messages carry a native stack trace.</summary>
    private static string FirstLine(string message) => message.Split('\n', 2)[0].Trim();

    private int Fail(int code, string message)
    {
        Console.Error.WriteLine(message);
        _events.Write(new FailedEvent(code, message));
        return code;
    }

    private void ReadCommands()
    {
        using var reader = new StreamReader(_input, new UTF8Encoding(false), false, 4096, leaveOpen: true);
        try
        {
            while (reader.ReadLine() is { } line)
            {
                Volatile.Write(ref _lastLine, _time.GetTimestamp());
                if (line.Length > 0)
                {
                    Obey(line);
                }
            }
        }
        catch (IOException)
        {
            // As good as the end of the stream.
        }

        SiloIsGone("the silo closed the pipe");
    }

    private void Obey(string line)
    {
        WorkerCommand? command;
        try
        {
            command = JsonSerializer.Deserialize<WorkerCommand>(line, WorkerProtocol.Json);
        }
        catch (JsonException exception)
        {
            // The line may hold the store's secret: only what is wrong with it is told.
            Console.Error.WriteLine($"Not a command of the worker protocol: {exception.Message}");
            return;
        }

        switch (command)
        {
            case StartCommand start:
                _start.TrySetResult(start);
                break;
            case CheckpointCommand:
                lock (_gate)
                {
                    _context?.RequestCheckpoint();
                }

                break;
            case StopCommand stop:
                RequestStop(stop.Reason);
                break;
        }
    }

    private void RequestStop(string reason)
    {
        lock (_gate)
        {
            _stopBeforeStart = reason;
            _context?.RequestStop(reason);
        }
    }

    private void WatchSilence()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _lastLine)) > WorkerProtocol.HeartbeatTimeout)
        {
            SiloIsGone($"the silo was silent for {WorkerProtocol.HeartbeatTimeout.TotalSeconds:0} s");
        }
    }

    private void SiloIsGone(string reason)
    {
        lock (_gate)
        {
            if (_siloGone)
            {
                return;
            }

            _siloGone = true;
        }

        _start.TrySetResult(null);
        RequestStop(reason);
        var limit = new Thread(() =>
        {
            using var elapsed = new ManualResetEventSlim();
            using var timer = _time.CreateTimer(_ => elapsed.Set(), null, LastCommitLimit, Timeout.InfiniteTimeSpan);
            elapsed.Wait();

            // A frozen silo empties standard error no more than the events: the end does not wait for it.
            var word = new Thread(() => Console.Error.WriteLine($"Gave up the last commit after {LastCommitLimit.TotalSeconds:0} s: {reason}.")) { IsBackground = true };
            word.Start();
            word.Join(TimeSpan.FromMilliseconds(200));
            _exit((int)WorkerExitCode.Stopped);
        })
        {
            IsBackground = true,
            Name = "last commit",
        };
        limit.Start();
    }
}
