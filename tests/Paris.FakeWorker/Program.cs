using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.FakeWorker;

/// <summary>
/// A worker for tests: speaks the protocol, takes the job over, counts steps instead of training, commits the count as its
/// checkpoint, goes on from it, and fails where its arguments say so. It leaves a silent silo and outlives a store that does not answer as
/// the real one does. Arguments: <c>--steps N --step-ms N --every N --log FOLDER</c>, <c>--beside</c> (steps go on while
/// a commit is on its way), and any number of
/// <c>--crash JOB@STEP</c> (first epoch only), <c>--bad-input JOB</c>, <c>--diverge JOB</c>, <c>--deaf</c> (ignores stop),
/// <c>--hang JOB@STEP</c> (first epoch only: no further word, but alive), <c>--slow-step JOB@STEP MS</c> (one step takes so long),
/// <c>--needs-split JOB N</c> (no memory for less than N parts), <c>--rollback JOB@STEP</c> (tells one).
/// </summary>
internal static class Program
{
    /// <summary>Said on a thread of its own, as the real worker does: a frozen silo empties no pipe.</summary>
    private static readonly BlockingCollection<string> _said = [];
    private static readonly Thread _mouth = new(Speak) { IsBackground = true };
    private static volatile string _stop = "";
    private static WorkerLog? _log;
    private static long _heard = TimeProvider.System.GetTimestamp();
    private static int _gone;
    private static Task _committing = Task.CompletedTask;

    private static int Main(string[] args)
    {
        _mouth.Start();
        var code = Run(args);
        _said.CompleteAdding();
        _mouth.Join(TimeSpan.FromSeconds(2));
        return code;
    }

    private static int Run(string[] args)
    {
        string Option(string name, string otherwise) => Array.IndexOf(args, "--" + name) is >= 0 and var at ? args[at + 1] : otherwise;
        bool Has(string name, string value) => args.Zip(args.Skip(1)).Any(x => x.First == "--" + name && x.Second == value);
        int Number(string name, int otherwise) => int.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var beside = args.Contains("--beside");
        var (steps, pause, every) = (Number("steps", 5), Number("step-ms", 10), Number("every", 2));

        if (JsonSerializer.Deserialize<WorkerCommand>(Console.In.ReadLine() ?? "", WorkerProtocol.Json) is not StartCommand start)
        {
            Console.Error.WriteLine("the first line is no start command");
            return 1;
        }

        new Thread(() => Listen(args.Contains("--deaf"))) { IsBackground = true }.Start();
        using var silence = new Timer(_ => WatchSilence(), null, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));
        var job = start.Job;
        if (Has("bad-input", job.Key))
        {
            return Fail(WorkerExitCode.BadInput, "the images are no images");
        }

        var store = OutageFile.Wrap(BlobStoreFactory.Open(start.Store, local: new LocalBlobStoreOptions { Durable = false }), TimeProvider.System);
        WorkerLog? log = null;
        try
        {
            var fence = JobFence.TakeOverAsync(store, job, start.Silo, start.Claim, "start").GetAwaiter().GetResult();
            _log = log = new WorkerLog(Option("log", ""), start, fence.Epoch);
            var step = 0L;
            if (fence.OpenNewestCheckpointAsync().GetAwaiter().GetResult() is { } found)
            {
                using (found)
                using (var reader = new StreamReader(found.Content))
                {
                    step = long.Parse(reader.ReadToEnd(), CultureInfo.InvariantCulture);
                }
            }

            var first = step;
            log.Write("ready", step);
            Say(new ReadyEvent(WorkerProtocol.Version, fence.Epoch, step, steps, Environment.ProcessId));
            Say(new MetricEvent("process-id", Environment.ProcessId, step));
            Say(new MetricEvent("first-step", first, step));
            Say(new MetricEvent("split", start.Split, step));
            Console.Error.WriteLine($"starts at step {step}");
            while (step < steps)
            {
                var at = Array.IndexOf(args, $"{job.Key}@{step + 1}");
                Thread.Sleep(at > 0 && args[at - 1] == "--slow-step" ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : pause);
                step++;
                log.Write("step", step);
                if (fence.Epoch == 1 && Has("hang", $"{job.Key}@{step}"))
                {
                    Thread.Sleep(Timeout.Infinite);
                }

                if (Array.IndexOf(args, "--needs-split") is >= 0 and var needs && args[needs + 1] == job.Key && start.Split < int.Parse(args[needs + 2], CultureInfo.InvariantCulture))
                {
                    return Fail(WorkerExitCode.OutOfMemory, "CUDA out of memory, as told");
                }

                if (Has("rollback", $"{job.Key}@{step}"))
                {
                    Say(new MetricEvent("rollbacks", 1, step));
                }

                Say(new MetricEvent("step-seconds", Math.Max(1, pause) / 1000.0, step));
                Say(new MetricEvent("loss", 1.0 / step, step));
                Say(new ProgressEvent(step, steps, 1000.0 / Math.Max(1, pause), "steps"));
                if (fence.Epoch == 1 && Has("crash", $"{job.Key}@{step}"))
                {
                    Console.Error.WriteLine("about to crash, as told");
                    _said.CompleteAdding();
                    _mouth.Join();
                    Environment.Exit(134);
                }

                if (Has("diverge", job.Key))
                {
                    return Fail(WorkerExitCode.Diverged, "the loss is not a number");
                }

                if (_stop.Length > 0)
                {
                    _committing.GetAwaiter().GetResult();
                    Commit(fence, step, log);
                    return End(log, WorkerExitCode.Stopped);
                }

                if (step % every == 0 && beside)
                {
                    CommitBeside(fence, step, log);
                }
                else if (step % every == 0)
                {
                    Commit(fence, step, log);
                }
            }

            _committing.GetAwaiter().GetResult();
            fence.CommitResultAsync(new JobResult
            {
                Job = job,
                Metrics = new Dictionary<string, double> { ["loss"] = 1.0 / steps, ["first-step"] = first },
                Facts = new Dictionary<string, string> { ["silo"] = start.Silo },
            }).GetAwaiter().GetResult();
            Say(new CompletedEvent(fence.Head.Result!.Name));
            return End(log, WorkerExitCode.Completed);
        }
        catch (FencedException exception)
        {
            log?.Write("exit", (long)WorkerExitCode.Fenced);
            return Fail(WorkerExitCode.Fenced, exception.Message);
        }
        catch (StorageFaultException exception)
        {
            log?.Write("exit", (long)WorkerExitCode.StorageFault);
            return Fail(WorkerExitCode.StorageFault, exception.Message);
        }
        finally
        {
            log?.Dispose();
        }
    }

    /// <summary>Steps go on meanwhile, as in the real worker; one commit at a time.</summary>
    private static void CommitBeside(JobFence fence, long step, WorkerLog log)
    {
        if (_committing.IsCompleted)
        {
            // Fenced: the next step finds it.
            _committing.GetAwaiter().GetResult();
            _committing = Task.Run(() => Commit(fence, step, log));
        }
    }

    private static void Commit(JobFence fence, long step, WorkerLog log)
    {
        using var content = new MemoryStream(Encoding.ASCII.GetBytes(step.ToString(CultureInfo.InvariantCulture)));
        try
        {
            fence.CommitCheckpointAsync(step, content, 2).GetAwaiter().GetResult();
            log.Write("commit", step);
            Say(new CommittedEvent(step, content.Length, 0.001));
        }
        catch (StorageFaultException exception)
        {
            log.Write("fault", step);

            // As a trainer does: the next commit finds out.
            Console.Error.WriteLine(exception.Message);
        }
    }

    private static void Listen(bool deaf)
    {
        while (Console.In.ReadLine() is { } line)
        {
            Volatile.Write(ref _heard, TimeProvider.System.GetTimestamp());
            if (!deaf && JsonSerializer.Deserialize<WorkerCommand>(line, WorkerProtocol.Json) is StopCommand stop)
            {
                _stop = stop.Reason;
            }
        }

        SiloIsGone("the silo closed the pipe");
    }

    private static void WatchSilence()
    {
        if (TimeProvider.System.GetElapsedTime(Volatile.Read(ref _heard)) > WorkerProtocol.HeartbeatTimeout)
        {
            SiloIsGone("the silo is silent");
        }
    }

    /// <summary>One last commit within 5 s, then the end.</summary>
    private static void SiloIsGone(string reason)
    {
        if (Interlocked.Exchange(ref _gone, 1) == 0)
        {
            _stop = reason;
            Thread.Sleep(TimeSpan.FromSeconds(5));
            _log?.Write("exit", (long)WorkerExitCode.Stopped);
            Environment.Exit((int)WorkerExitCode.Stopped);
        }
    }

    private static int End(WorkerLog log, WorkerExitCode code)
    {
        log.Write("exit", (long)code);
        return (int)code;
    }

    private static int Fail(WorkerExitCode code, string message)
    {
        Say(new FailedEvent((int)code, message));
        return (int)code;
    }

    private static void Say(WorkerEvent message) => _said.Add(JsonSerializer.Serialize(message, WorkerProtocol.Json));

    private static void Speak()
    {
        foreach (var line in _said.GetConsumingEnumerable())
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
