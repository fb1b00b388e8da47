using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Jobs;
using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>
/// The loop of every trainer: inputs from the loader, forward and backward, guard, one fused update, checkpoints behind its back.
/// What it computes is a pure function of spec and data: <c>sha256(weights at step N)</c> does not depend on when, how often or where
/// it was killed and resumed (equal device, libtorch, kernels, threads and micro-batches provided).
/// </summary>
public sealed class TrainingLoop : IDisposable
{
    /// <summary>Skipped steps closer than this are "in a row".</summary>
    private const long CalmSteps = 10;

    /// <summary>Roll-backs in a row that mean the training has diverged.</summary>
    private const int MaxRollbacks = 3;

    private readonly JobContext _context;
    private readonly TrainingTask _task;
    private readonly OptimizationSpec _spec;
    private readonly TimeProvider _time;
    private readonly AdamW _optimizer;
    private readonly LossGuard _guard = new();
    private readonly SortedSet<long> _skipped = [];
    private readonly string _specHash;
    private readonly StepMeter _meter;
    private StateSnapshot _good;
    private StateSnapshot _spare;
    private LossTrace _trace = null!;
    private TrainingStep _computation = null!;
    private int _microBatches;
    private long _step;
    private double _secondsBefore;
    private long _started;
    private string? _start;

    /// <param name="context">What the worker gives.</param>
    /// <param name="task">What is trained; disposed by the caller, after this.</param>
    /// <param name="spec">Its optimiser's settings.</param>
    /// <exception cref="ParisInputException">The micro-batches do not divide the batch, or the precision is not supported.</exception>
    public TrainingLoop(JobContext context, TrainingTask task, OptimizationSpec spec)
    {
        if (spec.Accumulate < 1 || task.Batches.BatchSize % spec.Accumulate != 0)
        {
            throw new ParisInputException($"accumulate {spec.Accumulate} does not divide the batch of {task.Batches.BatchSize}; use a divisor.");
        }

        if (spec.Precision != "fp32")
        {
            throw new ParisInputException($"precision '{spec.Precision}' is not supported by this trainer; use fp32.");
        }

        _context = context;
        _task = task;
        _spec = spec;
        _time = context.Time;
        Parameters = FlatParameters.Attach(task.Trained, spec.EmaDecay > 0);
        _optimizer = new AdamW(Parameters, AdamWSettings.From(spec));
        _microBatches = (int)Math.Min(task.Batches.BatchSize, (long)spec.Accumulate * Math.Max(1, context.Split));
        _good = new StateSnapshot(Parameters);
        _spare = new StateSnapshot(Parameters);
        _specHash = RunSpecJson.Hash(context.Spec);
        _meter = new StepMeter(context, task.Unit, task.Batches.BatchSize, spec.Steps);
    }

    /// <summary>The trained weights and their average.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Called with the name of a point of the loop and the step; tests throw from it to kill the training there.</summary>
    internal Action<string, long>? FaultPoint { get; init; }

    /// <summary>Replaces the loss a step returned; tests inject faults here.</summary>
    internal Func<long, double, double>? LossFilter { get; init; }

    /// <summary>Trains to the last step, from the newest good checkpoint if there is one, and commits the last checkpoint.</summary>
    /// <exception cref="StoppedException">Stopped on request, committed.</exception>
    /// <exception cref="DivergedException">Three roll-backs in a row.</exception>
    /// <exception cref="FencedException">Another worker owns the job.</exception>
    public TrainingOutcome Run()
    {
        _started = _time.GetTimestamp();
        Resume();
        _computation = new TrainingStep(_task, Parameters, _microBatches);
        if (_microBatches != _spec.Accumulate)
        {
            _context.Reporter.Log($"A step is computed in {_microBatches} parts instead of {_spec.Accumulate}, for want of memory; the batch stays {_task.Batches.BatchSize}.");
        }

        _trace = new LossTrace(_context.Fence.Epoch, _step, _spec.Steps);
        _context.Reporter.Ready(_step, _spec.Steps);
        if (_step < _spec.Steps)
        {
            using var writer = new CheckpointWriter(_context, Parameters, _spec.KeepLast, FaultPoint);
            using var loader = new BatchLoader(_task.Batches, _step);
            Train(loader, writer);
        }

        var losses = _guard.Losses;
        return new TrainingOutcome(_good.Record!, losses.Count == 0 ? double.NaN : losses.Average(), _good.WeightsHash());
    }

    public void Dispose() => Parameters.Dispose();

    private void Train(BatchLoader loader, CheckpointWriter writer)
    {
        var firstStep = _step;
        var checkpointDue = false;
        long? live = null;
        while (_step < _spec.Steps)
        {
            var started = _time.GetTimestamp();
            var batch = loader.Take();
            var waited = _time.GetElapsedTime(started).TotalSeconds;
            FaultPoint?.Invoke("loaded", _step);

            if (_skipped.Contains(_step))
            {
                loader.Return(batch);
                _step++;
                continue;
            }

            var loss = _computation.ForwardBackward(batch);
            loader.Return(batch);
            FaultPoint?.Invoke("backward", _step);
            loss = LossFilter?.Invoke(_step, loss) ?? loss;
            var norm = _optimizer.GradientNorm();
            if (_guard.Reject(loss, norm) is { } reason)
            {
                RollBack(reason);
                loader.Restart(_step);
                continue;
            }

            var rate = Schedule.LearningRate(_spec, _step);
            _optimizer.Update(norm, rate, Schedule.AverageDecay(_spec.EmaDecay, _optimizer.Step));
            _guard.Accept(loss);
            FaultPoint?.Invoke("updated", _step);
            _step++;

            var seconds = _time.GetElapsedTime(started).TotalSeconds;
            _trace.Add(_step, loss, norm, rate, seconds);
            _meter.Step(_step, loss, norm, seconds, waited);

            if (_spec.PreviewEvery > 0 && (_step % _spec.PreviewEvery == 0 || _step == _spec.Steps))
            {
                Preview();
            }

            writer.ThrowIfFailed();
            if (_context.StopRequested)
            {
                Checkpoint(writer, wait: true);
                throw new StoppedException($"{_context.Job.Key} stopped at step {_step} of {_spec.Steps}: {_context.StopReason}.");
            }

            checkpointDue |= _step % _spec.CheckpointEvery == 0 | _context.TakeCheckpointRequest();
            if (_step == _spec.Steps)
            {
                Checkpoint(writer, wait: true);
            }
            else if (checkpointDue && !writer.Busy)
            {
                Checkpoint(writer, wait: false);
                checkpointDue = false;
            }

            CheckLiveTensors(firstStep, ref live);
        }
    }

    /// <summary>Returns to the last good state, from where everything up to the bad step is computed again without it.</summary>
    private void RollBack(string reason)
    {
        var bad = _step;
        _skipped.Add(bad);
        var row = RollbacksInARow(bad);
        _context.Reporter.Log($"Step {bad}: {reason}; back to step {_good.Record!.Step}, the batch is skipped ({row} in a row).");
        _context.Reporter.Metric("rollbacks", _skipped.Count, bad);
        if (row >= MaxRollbacks)
        {
            throw new DivergedException($"{_context.Job.Key} diverged at step {bad}: {row} roll-backs in a row, the last because {reason}. Try a lower learning rate.");
        }

        _good.Restore();
        Apply(_good.Record!);
        _trace.CutAfter(_step);
        _trace.AddSkip(bad);
    }

    /// <summary>Skipped steps at <paramref name="step"/> and before, each within <see cref="CalmSteps"/> of the next.</summary>
    private int RollbacksInARow(long step)
    {
        var count = 0;
        foreach (var skipped in _skipped.Reverse())
        {
            if (step - skipped > CalmSteps)
            {
                break;
            }

            count++;
            step = skipped;
        }

        return count;
    }

    private void Checkpoint(CheckpointWriter writer, bool wait)
    {
        var started = _time.GetTimestamp();
        if (wait)
        {
            writer.Wait();
        }

        _spare.Take(Describe());
        (_good, _spare) = (_spare, _good);
        var stall = _time.GetElapsedTime(started).TotalSeconds;
        _context.Reporter.Metric("checkpoint-stall-seconds", stall, _step);
        if (_context.Store is ScopedBlobStore scoped)
        {
            _context.Reporter.Metric("bytes-between-experts", scoped.BytesBetweenExperts, _step);
        }

        FaultPoint?.Invoke("snapshot", _step);
        writer.Submit(_good, _trace.ToBytes(_step));
        if (wait)
        {
            writer.Wait();
        }
    }

    private void Preview()
    {
        byte[]? png;
        using (var scope = NewDisposeScope())
        {
            png = _task.Preview(Parameters);
        }

        if (png is not null)
        {
            try
            {
                _context.PublishPreview(png, _step);
            }
            catch (StorageFaultException fault)
            {
                // A preview is worth no training time.
                _context.Reporter.Log($"No preview of step {_step}: {fault.Message}");
            }
        }
    }

    private TrainingRecord Describe() => new()
    {
        Run = _context.Job.Run,
        Job = _context.Job.Key,
        Step = _step,
        Epoch = _context.Fence.Epoch,
        SpecHash = _specHash,
        OptimizerStep = _optimizer.Step,
        SkippedSteps = [.. _skipped.Where(step => step < _step)],
        GuardWindow = _guard.Losses,
        ConsecutiveRollbacks = RollbacksInARow(_step),
        MicroBatches = _microBatches,
        Threads = _context.Threads,
        Device = Parameters.OnCpu ? "cpu" : "cuda",
        Kernels = KernelSet.Describe(),
        Start = _start,
        Seconds = _secondsBefore + _time.GetElapsedTime(_started).TotalSeconds,
    };

    private void Apply(TrainingRecord record)
    {
        _step = record.Step;
        _optimizer.Step = record.OptimizerStep;
        _guard.Restore(record.GuardWindow);
        _skipped.UnionWith(record.SkippedSteps);
    }

    private void Resume()
    {
        using var checkpoint = JobContext.Await(_context.Fence.OpenNewestCheckpointAsync(_context.Reporter.Log));
        if (checkpoint is null)
        {
            _start = _task.LoadStart();
            if (_start is not null)
            {
                Parameters.ResetAverage();
                _context.Reporter.Log($"{_context.Job.Key} starts from {_start}.");
            }

            KeepBuffers();
            _good.Take(Describe());
            return;
        }

        var record = CheckpointCodec.Read(checkpoint.Content, checkpoint.Entry.Name, _good, Parameters);
        if (record.SpecHash != _specHash)
        {
            throw new ParisInputException($"Checkpoint '{checkpoint.Entry.Name}' was made with another spec of run '{record.Run}'; use a new run name for a new spec.");
        }

        // A split that was needed once stays for the job's life, also where the grain's record of it was lost.
        _microBatches = Math.Max(_microBatches, record.MicroBatches);
        var now = Describe();
        if ((record.MicroBatches, record.Threads, record.Device, record.Kernels) != (now.MicroBatches, now.Threads, now.Device, now.Kernels))
        {
            _context.Reporter.Log($"Resumed on {now.Device}, {now.Threads} threads, {now.Kernels}, {now.MicroBatches} micro-batches; the checkpoint was made on {record.Device}, {record.Threads} threads, {record.Kernels}, {record.MicroBatches} micro-batches: the last bits may differ.");
        }

        _good.Restore();
        _start = record.Start;
        using (no_grad())
        {
            foreach (var (name, buffer) in _task.Module.named_buffers())
            {
                if (_good.Buffers.FirstOrDefault(x => x.Name == name) is { Bytes: { } bytes })
                {
                    using var host = empty(buffer.shape, ScalarType.Float32);
                    bytes.CopyTo(host.bytes);
                    buffer.copy_(host);
                }
            }
        }

        KeepBuffers();
        _secondsBefore = record.Seconds;
        Apply(record);
    }

    /// <summary>Fixed tensors (position embeddings) are the module's own, unless the weights it started from brought others: then checkpoints carry them.</summary>
    private void KeepBuffers()
    {
        if (_start is null)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        _good.Buffers = _spare.Buffers =
        [
            .. _task.Module.named_buffers().Select(x => new FixedTensor(x.name, [.. x.buffer.shape], x.buffer.detach().cpu().contiguous().bytes.ToArray())),
        ];
    }

    /// <summary>A tensor that outlives its step is a leak that would end in an out-of-memory kill hours later.</summary>
    private void CheckLiveTensors(long firstStep, ref long? live)
    {
        if (_step < firstStep + 2)
        {
            return;
        }

        var count = Tensor.TotalCount;
        live ??= count;
        if (count > live)
        {
            throw new InvalidOperationException($"{count - live} tensors outlived step {_step}: the task of {_context.Job.Key} leaks.");
        }
    }
}
