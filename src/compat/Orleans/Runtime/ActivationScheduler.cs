namespace Orleans.Runtime;

/// <summary>Runs the turns of one activation one after the other, on pool threads.</summary>
internal sealed class ActivationScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    private const int TurnsPerBatch = 64;

    private readonly Queue<Task> _turns = new();
    private bool _scheduled;

    void IThreadPoolWorkItem.Execute()
    {
        Activation.Current = activation;
        try
        {
            for (var i = 0; i < TurnsPerBatch; i++)
            {
                Task turn;
                lock (_turns)
                {
                    if (!_turns.TryDequeue(out turn!))
                    {
                        _scheduled = false;
                        return;
                    }
                }

                TryExecuteTask(turn);
            }
        }
        finally
        {
            Activation.Current = null;
        }

        // Let other activations have the thread; the rest of the queue stays ours.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Starts <paramref name="work"/> as a turn of its own, with no context of the caller.</summary>
    public void Run(Func<Task> work)
    {
        using (ExecutionContext.SuppressFlow())
        {
            new Task<Task>(work).Start(this);
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_turns)
        {
            _turns.Enqueue(task);
            if (_scheduled)
            {
                return;
            }

            _scheduled = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && Activation.Current == activation && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_turns)
        {
            return [.. _turns];
        }
    }
}
