using Paris.Core.Random;

namespace Paris.Core.Jobs;

/// <summary>Why a worker ended before its job did; each cause has a budget of its own.</summary>
public enum FailureCause
{
    /// <summary>A crash, an abort, a kill.</summary>
    Crash = 0,

    /// <summary>The machine or the device had no memory left.</summary>
    OutOfMemory = 1,

    /// <summary>The store did not answer.</summary>
    Storage = 2,

    /// <summary>The loss diverged, and going back did not help.</summary>
    Divergence = 3,
}

/// <summary>How a worker ended.</summary>
/// <param name="Code">The process's exit code; 128 + the signal's number when a signal ended it.</param>
/// <param name="Error">The worker's last words (its <see cref="FailedEvent"/> or the end of its log), if any.</param>
/// <param name="MemoryKill">Whether the agent knows that the kernel killed it for memory.</param>
public sealed record WorkerExit(int Code, string? Error = null, bool MemoryKill = false)
{
    private const int Killed = 128 + 9;

    /// <summary>The cause of the failure; null when the end was no failure to be retried: completed, fenced, stopped, bad input.</summary>
    public FailureCause? Cause => Code switch
    {
        (int)WorkerExitCode.Completed or (int)WorkerExitCode.Fenced or (int)WorkerExitCode.Stopped or (int)WorkerExitCode.BadInput => null,
        (int)WorkerExitCode.Diverged => FailureCause.Divergence,
        (int)WorkerExitCode.StorageFault => FailureCause.Storage,
        (int)WorkerExitCode.OutOfMemory => FailureCause.OutOfMemory,

        // SIGKILL is the kernel's for want of memory, or a person's or the agent's; only the agent can tell (memory.events of the control group).
        Killed or 9 when MemoryKill => FailureCause.OutOfMemory,
        Killed or 9 => FailureCause.Crash,
        _ => SaysOutOfMemory(Error) ? FailureCause.OutOfMemory : FailureCause.Crash,
    };

    private static readonly string[] _wordsForNoMemory =
        ["out of memory", "OutOfMemoryException", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc"];

    /// <summary>Whether a message is one of those by which libtorch, CUDA, the C++ or the .NET runtime tells that an allocation failed.</summary>
    public static bool SaysOutOfMemory(string? error)
        => error is not null && Array.Exists(_wordsForNoMemory, words => error.Contains(words, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Failures of one cause in a row that are retried, and how long each waits.</summary>
/// <param name="Retries">Retries without progress between them.</param>
/// <param name="Delay">Delay before the first; doubled each time.</param>
/// <param name="MaxDelay">Longest delay.</param>
public sealed record RetryAllowance(int Retries, TimeSpan Delay, TimeSpan MaxDelay);

/// <summary>The budgets of a job.</summary>
public sealed record RetryBudgetOptions
{
    /// <value>5 retries, from 1 s to 1 min.</value>
    public RetryAllowance Crash { get; init; } = new(5, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

    /// <value>6 retries, from 2 s to 2 min: memory has to become free first. Each halves a training's micro-batches: the last takes 1/64 of the first's.</value>
    public RetryAllowance OutOfMemory { get; init; } = new(6, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(2));

    /// <value>50 retries, from 1 s to 30 s: an outage of the store is nobody's fault and ends by itself.</value>
    public RetryAllowance Storage { get; init; } = new(50, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

    /// <value>2 retries: the third divergence in a row quarantines the expert.</value>
    public RetryAllowance Divergence { get; init; } = new(2, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

    /// <summary>The allowance of one cause.</summary>
    public RetryAllowance For(FailureCause cause) => cause switch
    {
        FailureCause.Crash => Crash,
        FailureCause.OutOfMemory => OutOfMemory,
        FailureCause.Storage => Storage,
        FailureCause.Divergence => Divergence,
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "Unknown cause."),
    };
}

/// <summary>What a budget has spent; kept in the job's record, so that it outlives every activation.</summary>
public sealed record RetryState
{
    public int Crash { get; init; }

    public int OutOfMemory { get; init; }

    public int Storage { get; init; }

    public int Divergence { get; init; }

    /// <summary>Retries over the whole job; never falls.</summary>
    public int Total { get; init; }

    /// <summary>No start before this time; null when none is pending.</summary>
    public DateTimeOffset? NotBefore { get; init; }
}

/// <summary>What to do after a failure.</summary>
/// <param name="Retry">Whether to start the job again; false quarantines it.</param>
/// <param name="Cause">The cause.</param>
/// <param name="Attempt">Which failure of this cause in a row it was, from 1.</param>
/// <param name="Delay">How long to wait first.</param>
/// <param name="Reason">One sentence for people.</param>
public sealed record RetryDecision(bool Retry, FailureCause Cause, int Attempt, TimeSpan Delay, string Reason);

/// <summary>
/// Decides whether and when a failed job starts again: one budget a cause, exponential back-off with jitter, all budgets whole again after
/// progress. Not thread-safe.
/// </summary>
public sealed class RetryBudget
{
    private readonly TimeProvider _time;
    private readonly RetryBudgetOptions _options;
    private readonly PhiloxKey _jitter;

    /// <param name="time">The clock.</param>
    /// <param name="options">The budgets; the defaults when null.</param>
    /// <param name="state">What was spent before, from the job's record.</param>
    /// <param name="seed">Seed of the jitter; one a job, so that jobs that failed together do not come back together.</param>
    public RetryBudget(TimeProvider time, RetryBudgetOptions? options = null, RetryState? state = null, ulong seed = 0)
    {
        _time = time;
        _options = options ?? new();
        _jitter = new PhiloxKey(seed, RandomPurpose.Simulation);
        State = state ?? new();
    }

    /// <summary>A seed of the jitter that differs from job to job.</summary>
    public static ulong SeedOf(JobId job)
        => System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(job.Key)));

    /// <summary>What is spent, to be kept in the job's record.</summary>
    public RetryState State { get; private set; }

    /// <summary>Whether the delay of the last failure is over.</summary>
    public bool MayStart => State.NotBefore is not { } time || _time.GetUtcNow() >= time;

    /// <summary>Records a committed checkpoint or a result: the job works, so failures in a row begin anew.</summary>
    public void RecordProgress() => State = new RetryState { Total = State.Total };

    /// <summary>Records how a worker ended; null when that was no failure to be retried.</summary>
    public RetryDecision? RecordExit(WorkerExit exit) => exit.Cause is { } cause ? RecordFailure(cause) : null;

    /// <summary>Records a failure and decides.</summary>
    public RetryDecision RecordFailure(FailureCause cause)
    {
        var allowance = _options.For(cause);
        var attempt = 1 + cause switch
        {
            FailureCause.Crash => State.Crash,
            FailureCause.OutOfMemory => State.OutOfMemory,
            FailureCause.Storage => State.Storage,
            _ => State.Divergence,
        };
        var retry = attempt <= allowance.Retries;
        var delay = retry ? Delay(allowance, attempt) : TimeSpan.Zero;
        State = (cause switch
        {
            FailureCause.Crash => State with { Crash = attempt },
            FailureCause.OutOfMemory => State with { OutOfMemory = attempt },
            FailureCause.Storage => State with { Storage = attempt },
            _ => State with { Divergence = attempt },
        }) with
        {
            Total = State.Total + 1,
            NotBefore = retry ? _time.GetUtcNow() + delay : null,
        };
        var name = cause switch
        {
            FailureCause.Crash => "crash",
            FailureCause.OutOfMemory => "end for want of memory",
            FailureCause.Storage => "storage fault",
            _ => "divergence",
        };
        var reason = retry
            ? $"{name} {attempt} in a row of {allowance.Retries} that are retried; next start in {delay.TotalSeconds:0.0} s"
            : $"{name} {attempt} in a row, more than the {allowance.Retries} that are retried; quarantined";
        return new RetryDecision(retry, cause, attempt, delay, reason);
    }

    /// <summary>delay · 2^(attempt − 1), at most the maximum, times a factor in [0.75, 1.25).</summary>
    private TimeSpan Delay(RetryAllowance allowance, int attempt)
    {
        var doubled = allowance.Delay.TotalSeconds * Math.Pow(2, Math.Min(attempt - 1, 40));
        var jitter = 0.75 + (0.5 * _jitter.AtStep(State.Total).UniformAt(0));
        return TimeSpan.FromSeconds(Math.Min(doubled, allowance.MaxDelay.TotalSeconds) * jitter);
    }
}
