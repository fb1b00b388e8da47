using System.Runtime.ExceptionServices;
using Paris.Core.Storage;
using Paris.Training.Jobs;
using Paris.Training.Optimization;
using Polly;
using Polly.Retry;

namespace Paris.Training.Trainers;

/// <summary>
/// Commits checkpoints on a thread of its own, one at a time: training waits only for the copy to host memory. A store that does not
/// answer is asked again, so an outage costs no checkpoint and stops no training; meanwhile one snapshot is in hand, and the next one is
/// taken as soon as it is committed. While it works it gives signs of life, so that a long upload or outage is not taken for a hang.
/// </summary>
internal sealed class CheckpointWriter : IDisposable
{
    /// <summary>An outage longer than this ends the job with <see cref="Paris.Core.Jobs.WorkerExitCode.StorageFault"/>; the silo starts it again.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    /// <summary>Least time between two signs of life.</summary>
    private static readonly TimeSpan _signOfLife = TimeSpan.FromSeconds(5);

    private readonly JobContext _context;
    private readonly FlatParameters _parameters;
    private readonly int _keepLast;
    private readonly Action<string, long>? _faultPoint;
    private readonly ResiliencePipeline _retry;
    private readonly SemaphoreSlim _work = new(0);
    private readonly ManualResetEventSlim _idle = new(true);
    private readonly Thread _thread;
    private (StateSnapshot Snapshot, byte[] Trace)? _pending;
    private volatile ExceptionDispatchInfo? _failure;
    private volatile bool _closed;
    private long _writing;

    public CheckpointWriter(JobContext context, FlatParameters parameters, int keepLast, Action<string, long>? faultPoint)
    {
        _context = context;
        _parameters = parameters;
        _keepLast = keepLast;
        _faultPoint = faultPoint;
        var started = 0L;
        _retry = new ResiliencePipelineBuilder { TimeProvider = context.Time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<IOException>(exception => exception is not BlobNotFoundException),
                MaxRetryAttempts = int.MaxValue,
                Delay = TimeSpan.FromMilliseconds(200),
                MaxDelay = TimeSpan.FromSeconds(5),
                BackoffType = DelayBackoffType.Exponential,
                OnRetry = arguments =>
                {
                    if (arguments.AttemptNumber == 0)
                    {
                        started = context.Time.GetTimestamp();
                        context.Reporter.Log($"The store does not take the checkpoint, trying again: {arguments.Outcome.Exception?.Message}");
                    }
                    else if (context.Time.GetElapsedTime(started) > GiveUpAfter)
                    {
                        var last = arguments.Outcome.Exception!;
                        throw new StorageFaultException($"The store took no checkpoint for {GiveUpAfter.TotalMinutes:0} minutes: {last.Message}", last);
                    }

                    context.Reporter.Metric("checkpoint-retries", arguments.AttemptNumber + 1, _writing);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        _thread = new Thread(Run) { IsBackground = true, Name = "checkpoints" };
        _thread.Start();
    }

    /// <summary>Whether a checkpoint is being written.</summary>
    public bool Busy => !_idle.IsSet;

    /// <summary>Starts writing the snapshot, which must not change until <see cref="Busy"/> is false.</summary>
    public void Submit(StateSnapshot snapshot, byte[] trace)
    {
        ThrowIfFailed();
        _pending = (snapshot, trace);
        _idle.Reset();
        _work.Release();
    }

    /// <summary>Waits until nothing is being written.</summary>
    public void Wait()
    {
        _idle.Wait();
        ThrowIfFailed();
    }

    /// <summary>Throws what ended the last write: fenced, or a store that never came back.</summary>
    public void ThrowIfFailed() => _failure?.Throw();

    public void Dispose()
    {
        _closed = true;
        _work.Release();
        _thread.Join();
        _work.Dispose();
        _idle.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _work.Wait();
            if (_pending is not { } pending)
            {
                if (_closed)
                {
                    return;
                }

                continue;
            }

            _pending = null;
            try
            {
                JobContext.Await(_retry.ExecuteAsync(async cancellation => await WriteAsync(pending.Snapshot, pending.Trace, cancellation)).AsTask());
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }

            _idle.Set();
        }
    }

    private async Task WriteAsync(StateSnapshot snapshot, byte[] trace, CancellationToken cancellation)
    {
        var step = snapshot.Record!.Step;
        var started = _context.Time.GetTimestamp();
        var told = started;
        _writing = step;

        // The trace first: a line too many is cut by its readers, a line too few would be missed.
        _faultPoint?.Invoke("before-upload", step);
        await _context.Fence.PutTraceAsync("loss.jsonl", trace, cancellation);
        _faultPoint?.Invoke("before-commit", step);
        await using var content = CheckpointCodec.Write(snapshot, _parameters);
        content.OnRead = position =>
        {
            if (_context.Time.GetElapsedTime(told) > _signOfLife)
            {
                told = _context.Time.GetTimestamp();
                _context.Reporter.Metric("checkpoint-upload-bytes", position, step);
            }
        };
        await _context.Fence.CommitCheckpointAsync(step, content, _keepLast, cancellation);
        _faultPoint?.Invoke("after-commit", step);

        var seconds = _context.Time.GetElapsedTime(started).TotalSeconds;
        _context.Reporter.Committed(step, content.Length, seconds);
        _context.Reporter.Metric("checkpoint-seconds", seconds, step);
    }
}
