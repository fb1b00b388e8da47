using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Scheduling;
using Paris.Grains.Abstractions;

namespace Paris.Benchmarks.ControlPlane;

/// <summary>
/// The agent of one silo whose workers are no processes: they take their slot, reach an epoch at once, make progress and never end. It
/// reports as often as <c>Paris.Silo</c>'s agent does, and the messages are as large.
/// </summary>
internal sealed class InProcessAgent(string name, int slots, IGrainFactory grains, ILocalSiloDetails silo, TimeProvider time) : IHostedService, IDeviceAgent
{
    private static readonly TimeSpan _reportPeriod = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Dictionary<string, Worker?> _workers = Enumerable.Range(0, slots).ToDictionary(x => $"cpu-{x}", _ => (Worker?)null);
    private Task _loops = Task.CompletedTask;

    public string Silo => name;

    public string Address => silo.SiloAddress.ToParsableString();

    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _workers.Values.Count(x => x is not null);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loops = Task.WhenAll(Task.Run(ReportSlotsAsync, CancellationToken.None), Task.Run(TickAsync, CancellationToken.None));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _over.CancelAsync();
        await _loops;
    }

    public bool TryStart(string slot, JobId job, string claim, int split)
    {
        lock (_gate)
        {
            if (!_workers.TryGetValue(slot, out var busy) || busy is not null || _workers.Values.Any(x => x?.Job == job))
            {
                return false;
            }

            var worker = _workers[slot] = new Worker(slot, job, claim, time.GetTimestamp());
            _ = Task.Run(() => TellAsync(worker));
        }

        _changed.Release();
        return true;
    }

    public LocalWorker? Find(JobId job)
    {
        lock (_gate)
        {
            return _workers.Values.FirstOrDefault(x => x?.Job == job) is { } worker ? new LocalWorker(worker.Slot, worker.Claim, 1) : null;
        }
    }

    public void RequestStop(JobId job, string reason)
    {
        lock (_gate)
        {
            if (_workers.Values.FirstOrDefault(x => x?.Job == job) is { } worker)
            {
                worker.Stopped = true;
            }
        }
    }

    private async Task TellAsync(Worker worker)
    {
        var grain = grains.GetJob(worker.Job);
        var told = 0L;
        try
        {
            while (true)
            {
                var ended = worker.Stopped;
                if (ended)
                {
                    lock (_gate)
                    {
                        _workers[worker.Slot] = null;
                    }

                    _changed.Release();
                }

                // Two steps a second of an hour's training.
                var seconds = time.GetElapsedTime(worker.Started).TotalSeconds;
                var step = 1 + (long)(2 * seconds);
                var reply = await grain.ReportAsync(new JobReport
                {
                    Silo = Silo,
                    Address = Address,
                    Slot = worker.Slot,
                    Claim = worker.Claim,
                    Epoch = 1,
                    Step = step,
                    Total = 7200,
                    Rate = 64,
                    Unit = "images",
                    CommittedStep = step / 100 * 100,
                    Metrics = new() { ["loss"] = 1 / Math.Sqrt(step), ["grad-norm"] = 1, ["learning-rate"] = 1e-4, ["step-seconds"] = 0.5, ["live-tensors"] = 100, ["process-id"] = 1 },
                    Losses = [.. Enumerable.Range(0, (int)Math.Min(64, step - told)).Select(x => new TracePoint { Step = told + x + 1, Value = 1 / Math.Sqrt(told + x + 1) })],
                    Seconds = seconds,
                    SecondsLeft = 3600 - seconds,
                    Ended = ended,
                    ExitCode = ended ? (int)WorkerExitCode.Stopped : 0,
                    StopRequested = ended,
                });
                if (ended)
                {
                    return;
                }

                told = step;
                worker.Work = new WorkProgress { Rate = 64, Unit = "images", Step = step, Total = 7200, CommittedStep = step / 100 * 100, Seconds = seconds };
                worker.Order = reply.Order ?? worker.Order;
                worker.Stopped |= reply.StopReason.Length > 0;
                await Task.Delay(ReportPace.Between(Running), time, _over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The benchmark is over.
        }
        catch (Exception exception) when (!_over.IsCancellationRequested)
        {
            Console.Error.WriteLine($"{worker.Job.Key}: {exception.Message}");
        }
    }

    private async Task ReportSlotsAsync()
    {
        for (var turn = 0; !_over.IsCancellationRequested; turn++)
        {
            SlotStatus[] status;
            lock (_gate)
            {
                status = [.. _workers.Select(x => x.Value is { } worker
                    ? new SlotStatus { Slot = x.Key, Device = "cpu", Job = worker.Job.Key, Epoch = 1, Claim = worker.Claim, Order = worker.Order, Work = worker.Work }
                    : new SlotStatus { Slot = x.Key, Device = "cpu" })];
            }

            await TryAsync(() => grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = Silo, Address = Address, Slots = status }));
            try
            {
                await _changed.WaitAsync(Jittered(turn), _over.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            // Starts that came together are one change.
            while (_changed.Wait(0, CancellationToken.None))
            {
            }
        }
    }

    private async Task TickAsync()
    {
        for (var turn = 0; !_over.IsCancellationRequested; turn++)
        {
            await TryAsync(() => grains.Supervisor().TickAsync(Silo));
            try
            {
                await Task.Delay(Jittered(turn), time, _over.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception exception)
        {
            if (!_over.IsCancellationRequested)
            {
                Console.Error.WriteLine($"{Silo}: {exception.Message}");
            }
        }
    }

    private TimeSpan Jittered(int turn) => _reportPeriod * (0.75 + (0.5 * new PhiloxKey((ulong)silo.SiloAddress.Endpoint.Port, RandomPurpose.Simulation).AtStep(turn).UniformAt(0)));

    private sealed record Worker(string Slot, JobId Job, string Claim, long Started)
    {
        public bool Stopped { get; set; }

        public JobOrder? Order { get; set; }

        public WorkProgress Work { get; set; } = new();
    }
}
