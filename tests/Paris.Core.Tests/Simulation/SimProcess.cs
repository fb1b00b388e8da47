namespace Paris.Core.Tests.Simulation;

/// <summary>
/// A process: whatever it awaits continues here, so that nothing of it happens once it is dead, and all of it later while it is frozen
/// (SIGSTOP).
/// </summary>
internal sealed class SimProcess(SimLoop loop)
{
    private readonly Queue<Action> _held = new();

    public bool Dead { get; private set; }

    public bool Frozen { get; private set; }

    /// <summary>Counts freezes, so that a watch can tell whether it is still the same one.</summary>
    public int Freezes { get; private set; }

    public void Post(Action action)
    {
        if (Dead)
        {
            return;
        }

        if (Frozen)
        {
            _held.Enqueue(action);
        }
        else
        {
            action();
        }
    }

    public void Kill() => Dead = true;

    public void Freeze()
    {
        Frozen = true;
        Freezes++;
    }

    public void Thaw()
    {
        Frozen = false;
        while (_held.TryDequeue(out var action))
        {
            loop.After(0, () => Post(action));
        }
    }

    public Task DelayAsync(double seconds)
    {
        var delay = new TaskCompletionSource();
        loop.After(seconds, () => Post(delay.SetResult));
        return delay.Task;
    }

    /// <summary>Runs to its end beside everything else; an exception is a bug of the product or of the simulation.</summary>
    public async void Go(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception exception)
        {
            loop.Fail(exception);
        }
    }
}
