using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Paris.Silo.Devices;

namespace Paris.Silo.Workers;

/// <summary>
/// One worker: a child process that runs one job, spoken to by <see cref="WorkerProtocol"/>. Its crash, its output and its silence are
/// data here, never errors of the silo.
/// </summary>
public sealed class WorkerProcess
{
    /// <summary>Last lines of the worker's log that explain its end.</summary>
    private const int TailLines = 30;

    /// <summary>Points of the loss curve kept while the job's grain does not listen.</summary>
    private const int MaxLosses = 4096;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly TimeProvider _time;
    private readonly ParisInstruments _instruments;
    private readonly ILogger _logger;
    private readonly JobTags _tags;
    private readonly Queue<string> _tail = new();
    private readonly Dictionary<string, double> _metrics = [];
    private readonly List<TracePoint> _losses = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WorkerWatch _watch;
    private readonly Func<long> _memoryKills;
    private readonly long _startedAt;
    private Process? _process;
    private CancellationTokenSource? _killer;
    private long _lineAt;
    private long _progressAt;
    private long _readyAt;
    private long _firstStep;
    private int _epoch;
    private long _step;
    private long _total;
    private double _rate;
    private string _unit = "";
    private long _committed;
    private double _checkpointSeconds;
    private string _preview = "";
    private string _failure = "";
    private int? _exitCode;
    private bool _stopped;
    private bool _killed;
    private bool _memoryKill;
    private long _memoryKillsBefore;
    private long _memoryKillsNow;
    private string _straggling = "";
    private string _stopReason = "";

    /// <param name="slot">Where it runs.</param>
    /// <param name="job">What it runs.</param>
    /// <param name="claim">New for this start.</param>
    /// <param name="silo">This silo's name.</param>
    /// <param name="watchdog">When it counts as slow or hung.</param>
    /// <param name="instruments">Where its measurements go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For its life and its log.</param>
    /// <param name="memoryKills">Counts the kernel's kills for memory; the system's counter when null.</param>
    public WorkerProcess(
        SlotDefinition slot,
        JobId job,
        string claim,
        string silo,
        WatchdogSettings watchdog,
        ParisInstruments instruments,
        TimeProvider time,
        ILogger logger,
        Func<long>? memoryKills = null)
    {
        (Slot, Job, Claim, Silo) = (slot, job, claim, silo);
        (_instruments, _time, _logger) = (instruments, time, logger);
        _tags = JobTags.Of(job, silo);
        _watch = new WorkerWatch(watchdog, time);
        _memoryKills = memoryKills ?? MemoryKills.Count;
        _startedAt = _lineAt = time.GetTimestamp();
    }

    /// <summary>Something changed that the job's grain should hear.</summary>
    public event Action? Changed;

    public SlotDefinition Slot { get; }

    public JobId Job { get; }

    public string Claim { get; }

    public string Silo { get; }

    /// <summary>The job's place in the queue and needs, as its grain said last.</summary>
    public JobOrder? Order { get; set; }

    /// <summary>0 until the worker took the job over.</summary>
    public int Epoch
    {
        get
        {
            lock (_gate)
            {
                return _epoch;
            }
        }
    }

    /// <summary>The operating system's id; null before the start and after the end.</summary>
    public int? ProcessId
    {
        get
        {
            lock (_gate)
            {
                return _exitCode is null ? _process?.Id : null;
            }
        }
    }

    /// <summary>Completes when the process has ended and all it said has been read.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Seconds since the worker's last line.</summary>
    public double Age
    {
        get
        {
            lock (_gate)
            {
                return _time.GetElapsedTime(_lineAt).TotalSeconds;
            }
        }
    }

    /// <summary>Starts the process and returns at once. A start that fails ends the worker with exit code 127.</summary>
    public void Start(IReadOnlyList<string> command, StartCommand start) => _ = Task.Run(() => RunAsync(command, start));

    /// <summary>Asks the worker to commit and stop; kills it when it takes longer than <paramref name="grace"/>. Only the first request counts.</summary>
    public void Stop(string reason, TimeSpan grace)
    {
        lock (_gate)
        {
            if (_stopped || _exitCode is not null)
            {
                return;
            }

            _stopped = true;
            _stopReason = reason;
            _killer = new CancellationTokenSource();
        }

        AgentLog.WorkerStops(_logger, Job.Key, Slot.Id, reason);
        _ = WriteAsync(new StopCommand(reason));
        _ = KillLaterAsync(grace, _killer.Token);
    }

    /// <summary>Ends the process at once.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            _killed = true;
            if (_process is null || _exitCode is not null)
            {
                return;
            }
        }

        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            // It ended by itself meanwhile.
        }
    }

    /// <summary>What the job's grain should know now.</summary>
    /// <param name="address">The silo's address as text.</param>
    /// <param name="losses">How many loss points the report carries; see <see cref="Acknowledge"/>.</param>
    public JobReport Report(string address, out int losses)
    {
        lock (_gate)
        {
            losses = _losses.Count;
            var done = _step - _firstStep;
            var spent = _readyAt == 0 ? 0 : _time.GetElapsedTime(_readyAt, _progressAt == 0 ? _readyAt : _progressAt).TotalSeconds;
            return new JobReport
            {
                Silo = Silo,
                Address = address,
                Slot = Slot.Id,
                Claim = Claim,
                Epoch = _epoch,
                Step = _step,
                Total = _total,
                Rate = _rate,
                Unit = _unit,
                CommittedStep = _committed,
                Preview = _preview,
                Metrics = new Dictionary<string, double>(_metrics),
                Losses = [.. _losses],
                Ended = _exitCode is not null,
                ExitCode = _exitCode ?? 0,
                Message = _exitCode is null ? "" : EndMessage(),
                Seconds = _time.GetElapsedTime(_startedAt).TotalSeconds,
                SecondsLeft = done > 0 && _total > _step ? spent * (_total - _step) / done : null,
                StopRequested = _stopped,
                MemoryKill = _memoryKill,
                Straggling = _exitCode is null ? _straggling : "",
            };
        }
    }

    /// <summary>What the scheduler should know now.</summary>
    public WorkProgress Progress()
    {
        lock (_gate)
        {
            return new WorkProgress
            {
                Rate = _rate,
                Unit = _unit,
                Step = _step,
                Total = _total,
                CommittedStep = _committed,
                Seconds = _time.GetElapsedTime(_startedAt).TotalSeconds,
                StartSeconds = _readyAt == 0 ? 0 : _time.GetElapsedTime(_startedAt, _readyAt).TotalSeconds,
                CheckpointSeconds = _checkpointSeconds,
            };
        }
    }

    /// <summary>The grain has these loss points.</summary>
    public void Acknowledge(int losses)
    {
        lock (_gate)
        {
            _losses.RemoveRange(0, Math.Min(losses, _losses.Count));
        }
    }

    private async Task RunAsync(IReadOnlyList<string> command, StartCommand start)
    {
        var code = 127;
        try
        {
            var info = new ProcessStartInfo(command[0], command.Skip(1))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(false),
                StandardOutputEncoding = new UTF8Encoding(false),
                StandardErrorEncoding = new UTF8Encoding(false),
            };
            foreach (var (name, value) in Slot.Environment)
            {
                info.Environment[name] = value;
            }

            _memoryKillsBefore = _memoryKillsNow = _memoryKills();
            using var process = new Process { StartInfo = info };
            process.Start();
            lock (_gate)
            {
                _process = process;
            }

            if (_killed)
            {
                Kill();
            }

            using var over = new CancellationTokenSource();
            await WriteAsync(start).ConfigureAwait(false);
            if (_stopped)
            {
                // Asked before there was a process to ask.
                await WriteAsync(new StopCommand(_stopReason)).ConfigureAwait(false);
            }

            var heartbeat = HeartbeatAsync(over.Token);
            await Task.WhenAll(ReadEventsAsync(process.StandardOutput), ReadLogAsync(process.StandardError)).ConfigureAwait(false);
            await process.WaitForExitAsync().ConfigureAwait(false);
            code = process.ExitCode;
            lock (_gate)
            {
                _memoryKill = !_killed && _memoryKills() > _memoryKillsBefore;
            }

            await over.CancelAsync().ConfigureAwait(false);
            await heartbeat.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or InvalidOperationException)
        {
            lock (_gate)
            {
                _failure = $"the worker could not be run ({string.Join(' ', command.Take(2))}): {exception.Message}";
            }
        }

        lock (_gate)
        {
            _exitCode = code;
            _process = null;
            _killer?.Cancel();
        }

        AgentLog.WorkerEnded(_logger, Job.Key, Slot.Id, code, _time.GetElapsedTime(_startedAt).TotalSeconds);
        if (code == (int)WorkerExitCode.Fenced)
        {
            _instruments.Fenced(_tags);
        }

        _ended.TrySetResult();
        Changed?.Invoke();
    }

    private async Task ReadEventsAsync(StreamReader output)
    {
        while (await output.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            WorkerEvent? message;
            try
            {
                message = line.Length == 0 ? null : JsonSerializer.Deserialize<WorkerEvent>(line, WorkerProtocol.Json);
            }
            catch (Exception exception) when (exception is JsonException or NotSupportedException)
            {
                // A library that prints to standard output, or a newer worker's event: told, and not in the way.
                Remember(line);
                continue;
            }

            lock (_gate)
            {
                _lineAt = _time.GetTimestamp();
                Take(message);
                _watch.Hear(message);
                Straggles();
            }

            Changed?.Invoke();
        }
    }

    private void Take(WorkerEvent? message)
    {
        switch (message)
        {
            case ReadyEvent ready:
                (_epoch, _step, _total, _firstStep, _committed) = (ready.Epoch, ready.Step, ready.Total, ready.Step, ready.Step);
                _readyAt = _time.GetTimestamp();
                AgentLog.WorkerReady(_logger, Job.Key, Slot.Id, ready.Epoch, ready.Step, ready.Total, ready.ProcessId);
                if (ready.Protocol != WorkerProtocol.Version)
                {
                    Remember($"the worker speaks protocol {ready.Protocol}, this silo {WorkerProtocol.Version}");
                }

                break;
            case ProgressEvent progress:
                var now = _time.GetTimestamp();
                if (progress.Unit is "samples" or "images")
                {
                    var since = _progressAt == 0 ? _readyAt : _progressAt;
                    _instruments.Samples(_tags, (long)Math.Round(progress.Rate * _time.GetElapsedTime(since, now).TotalSeconds));
                }

                (_step, _total, _rate, _unit, _progressAt) = (progress.Step, progress.Total, progress.Rate, progress.Unit, now);
                _instruments.Step(_tags, progress.Step);
                _instruments.Rate(_tags, progress.Rate);
                break;
            case MetricEvent metric:
                _instruments.Measured(_tags, metric.Name, metric.Value, _metrics.GetValueOrDefault(metric.Name));
                _metrics[metric.Name] = metric.Value;
                if (metric.Name == "loss")
                {
                    _losses.Add(new TracePoint(metric.Step, metric.Value));
                    if (_losses.Count > MaxLosses)
                    {
                        _losses.RemoveRange(0, MaxLosses / 2);
                    }
                }

                break;
            case PreviewEvent preview:
                _preview = preview.Blob;
                break;
            case CommittedEvent committed:
                _committed = committed.Step;
                _checkpointSeconds = committed.Seconds;
                _instruments.Committed(_tags, committed.Seconds);
                break;
            case FailedEvent failed:
                _failure = failed.Message;
                break;
        }
    }

    private async Task ReadLogAsync(StreamReader error)
    {
        while (await error.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            Remember(line);
            AgentLog.WorkerSays(_logger, Job.Key, line);
        }
    }

    private void Remember(string line)
    {
        lock (_gate)
        {
            _tail.Enqueue(line.Length > 2000 ? line[..2000] : line);
            while (_tail.Count > TailLines)
            {
                _tail.Dequeue();
            }
        }
    }

    /// <summary>Follows the watch; tells when straggling begins.</summary>
    private void Straggles()
    {
        if (_straggling.Length == 0 && _watch.Straggling.Length > 0)
        {
            AgentLog.WorkerStraggles(_logger, Job.Key, Slot.Id, _watch.Straggling);
            _instruments.Straggles(_tags);
        }

        _straggling = _watch.Straggling;
    }

    /// <summary>Looks at the clock: a worker without a word for too long is killed, and its end says so.</summary>
    private void Watch()
    {
        string? hung;
        var memoryKills = _memoryKills();
        lock (_gate)
        {
            // What the kernel killed since the look before the last one may have been this worker.
            (_memoryKillsBefore, _memoryKillsNow) = (_memoryKillsNow, memoryKills);
            hung = _stopped || _killed || _exitCode is not null ? null : _watch.Check();
            Straggles();
            if (hung is not null)
            {
                _failure = $"{hung}; killed";
                _killed = true;
            }
        }

        if (hung is not null)
        {
            AgentLog.WorkerHangs(_logger, Job.Key, Slot.Id, hung);
            _instruments.Hung(_tags);
            Kill();
        }

        if (_straggling.Length > 0)
        {
            Changed?.Invoke();
        }
    }

    private string EndMessage() =>
        _failure.Length > 0 ? _failure
        : _stopped ? _stopReason
        : _exitCode == 0 ? ""
        : _tail.Count == 0 ? $"the worker ended with exit code {_exitCode} and no word"
        : $"the worker ended with exit code {_exitCode}; its last words: {string.Join(" | ", _tail.Where(WorkerExit.SaysOutOfMemory).Take(1).Union(_tail.TakeLast(5)))}";

    private async Task HeartbeatAsync(CancellationToken over)
    {
        using var timer = new PeriodicTimer(WorkerProtocol.HeartbeatPeriod, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(over).ConfigureAwait(false))
            {
                Watch();
                await WriteAsync(new HeartbeatCommand()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The worker has ended.
        }
    }

    private async Task WriteAsync(WorkerCommand command)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            Process? process;
            lock (_gate)
            {
                process = _process;
            }

            if (process is not null)
            {
                await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command, WorkerProtocol.Json)).ConfigureAwait(false);
                await process.StandardInput.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The worker closed its end: its exit says the rest.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task KillLaterAsync(TimeSpan grace, CancellationToken ended)
    {
        try
        {
            await Task.Delay(grace, _time, ended).ConfigureAwait(false);
            AgentLog.WorkerKilled(_logger, Job.Key, Slot.Id, grace.TotalSeconds);
            Kill();
        }
        catch (OperationCanceledException)
        {
            // It stopped in time.
        }
    }
}
