using System.Runtime.ExceptionServices;

namespace Paris.Training.Trainers;

/// <summary>
/// Decodes ahead on a thread of its own: a small ring of preallocated batches goes round between the loader, which fills them, and the
/// trainer, which takes one a step and gives it back.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    private readonly IBatchSource _source;
    private readonly Lock _gate = new();
    private readonly Queue<TrainingBatch> _free = new();
    private readonly Queue<TrainingBatch> _ready = new();
    private readonly List<TrainingBatch> _all = [];
    private readonly SemaphoreSlim _freed = new(0);
    private readonly SemaphoreSlim _filled = new(0);
    private readonly Thread _thread;
    private long _next;
    private int _generation;
    private ExceptionDispatchInfo? _failure;
    private volatile bool _closed;

    /// <param name="source">Fills batches.</param>
    /// <param name="step">The first step.</param>
    /// <param name="depth">Batches in the ring; one is in use, the others are ahead.</param>
    public BatchLoader(IBatchSource source, long step, int depth = 3)
    {
        _source = source;
        _next = step;
        for (var i = 0; i < depth; i++)
        {
            var batch = source.Allocate();
            _all.Add(batch);
            _free.Enqueue(batch);
        }

        _freed.Release(depth);
        _thread = new Thread(Run) { IsBackground = true, Name = "loader" };
        _thread.Start();
    }

    /// <summary>The next step's batch; waits until it is filled. Give it back with <see cref="Return"/>.</summary>
    public TrainingBatch Take()
    {
        while (true)
        {
            _filled.Wait();
            lock (_gate)
            {
                _failure?.Throw();
                if (_ready.TryDequeue(out var batch))
                {
                    return batch;
                }

                // A restart emptied the queue and left its permits behind.
            }
        }
    }

    public void Return(TrainingBatch batch)
    {
        lock (_gate)
        {
            _free.Enqueue(batch);
        }

        _freed.Release();
    }

    /// <summary>Goes on at another step: what was loaded ahead is dropped.</summary>
    public void Restart(long step)
    {
        int dropped;
        lock (_gate)
        {
            _generation++;
            _next = step;
            dropped = _ready.Count;
            while (_ready.TryDequeue(out var batch))
            {
                _free.Enqueue(batch);
            }
        }

        if (dropped > 0)
        {
            _freed.Release(dropped);
        }
    }

    public void Dispose()
    {
        _closed = true;
        _freed.Release();
        _thread.Join();
        foreach (var batch in _all)
        {
            batch.Dispose();
        }

        _freed.Dispose();
        _filled.Dispose();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _freed.Wait();
                if (_closed)
                {
                    return;
                }

                TrainingBatch batch;
                int generation;
                lock (_gate)
                {
                    batch = _free.Dequeue();
                    batch.Step = _next++;
                    generation = _generation;
                }

                _source.Fill(batch.Step, batch);
                lock (_gate)
                {
                    if (generation != _generation)
                    {
                        _free.Enqueue(batch);
                        _freed.Release();
                        continue;
                    }

                    _ready.Enqueue(batch);
                }

                _filled.Release();
            }
        }
        catch (Exception exception)
        {
            lock (_gate)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }

            _filled.Release();
        }
    }
}
