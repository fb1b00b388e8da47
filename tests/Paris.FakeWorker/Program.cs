using System.Globalization;
using System.Text;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.FakeWorker;

/// <summary>
/// A worker for tests: speaks the protocol, takes the job over, counts steps instead of training, commits the count as its
/// checkpoint, goes on from it, and fails where its arguments say so. Arguments: <c>--steps N --step-ms N --every N</c> and any number of
/// <c>--crash JOB@STEP</c> (first epoch only), <c>--bad-input JOB</c>, <c>--diverge JOB</c>, <c>--deaf</c> (ignores stop),
/// <c>--hang JOB@STEP</c> (first epoch only: no further word, but alive), <c>--slow-step JOB@STEP MS</c> (one step takes so long),
/// <c>--needs-split JOB N</c> (no memory for less than N parts), <c>--rollback JOB@STEP</c> (tells one).
/// </summary>
internal static class Program
{
    private static readonly Lock _gate = new();
    private static volatile string _stop = "";

    private static int Main(string[] args)
    {
        string Option(string name, string otherwise) => Array.IndexOf(args, "--" + name) is >= 0 and var at ? args[at + 1] : otherwise;
        bool Has(string name, string value) => args.Zip(args.Skip(1)).Any(x => x.First == "--" + name && x.Second == value);
        int Number(string name, int otherwise) => int.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var (steps, pause, every) = (Number("steps", 5), Number("step-ms", 10), Number("every", 2));

        if (JsonSerializer.Deserialize<WorkerCommand>(Console.In.ReadLine() ?? "", WorkerProtocol.Json) is not StartCommand start)
        {
            Console.Error.WriteLine("the first line is no start command");
            return 1;
        }

        new Thread(() => Listen(args.Contains("--deaf"))) { IsBackground = true }.Start();
        var job = start.Job;
        if (Has("bad-input", job.Key))
        {
            return Fail(WorkerExitCode.BadInput, "the images are no images");
        }

        var store = OutageFile.Wrap(BlobStoreFactory.Open(start.Store, local: new LocalBlobStoreOptions { Durable = false }), TimeProvider.System);
        try
        {
            var fence = JobFence.TakeOverAsync(store, job, start.Silo, start.Claim, "start").GetAwaiter().GetResult();
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
                    Environment.Exit(134);
                }

                if (Has("diverge", job.Key))
                {
                    return Fail(WorkerExitCode.Diverged, "the loss is not a number");
                }

                if (step % every == 0 || _stop.Length > 0)
                {
                    Commit(fence, step);
                }

                if (_stop.Length > 0)
                {
                    return (int)WorkerExitCode.Stopped;
                }
            }

            fence.CommitResultAsync(new JobResult
            {
                Job = job,
                Metrics = new Dictionary<string, double> { ["loss"] = 1.0 / steps, ["first-step"] = first },
                Facts = new Dictionary<string, string> { ["silo"] = start.Silo },
            }).GetAwaiter().GetResult();
            Say(new CompletedEvent(fence.Head.Result!.Name));
            return 0;
        }
        catch (FencedException exception)
        {
            return Fail(WorkerExitCode.Fenced, exception.Message);
        }
    }

    private static void Commit(JobFence fence, long step)
    {
        using var content = new MemoryStream(Encoding.ASCII.GetBytes(step.ToString(CultureInfo.InvariantCulture)));
        try
        {
            fence.CommitCheckpointAsync(step, content, 2).GetAwaiter().GetResult();
            Say(new CommittedEvent(step, content.Length, 0.001));
        }
        catch (StorageFaultException exception)
        {
            // As a trainer does: the next commit finds out.
            Console.Error.WriteLine(exception.Message);
        }
    }

    private static void Listen(bool deaf)
    {
        while (Console.In.ReadLine() is { } line)
        {
            if (!deaf && JsonSerializer.Deserialize<WorkerCommand>(line, WorkerProtocol.Json) is StopCommand stop)
            {
                _stop = stop.Reason;
            }
        }

        // The silo is gone.
        Environment.Exit((int)WorkerExitCode.Stopped);
    }

    private static int Fail(WorkerExitCode code, string message)
    {
        Say(new FailedEvent((int)code, message));
        return (int)code;
    }

    private static void Say(WorkerEvent message)
    {
        lock (_gate)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(message, WorkerProtocol.Json));
            Console.Out.Flush();
        }
    }
}
