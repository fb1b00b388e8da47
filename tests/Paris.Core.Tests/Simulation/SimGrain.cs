namespace Paris.Core.Tests.Simulation;

/// <summary>An activation: one turn at a time on one silo.</summary>
internal abstract class SimGrain(SimCluster cluster, SimSilo silo, string key)
{
    private readonly Queue<Func<SimGrain, Task>> _turns = new();
    private bool _busy;
    private int _timer;
    private string _moveTo = "";

    public SimSilo Silo => silo;

    public string Key => key;

    /// <summary>It takes no turn any more; what waits goes to the activation that the directory names.</summary>
    public bool Ended { get; private set; }

    /// <summary>What moves along to the next activation.</summary>
    public virtual string Luggage { get; set; } = "";

    protected SimCluster Cluster => cluster;

    protected SimLoop Loop => cluster.Loop;

    public void Enqueue(Func<SimGrain, Task> turn)
    {
        _turns.Enqueue(turn);
        if (!_busy)
        {
            _busy = true;
            silo.Process.Go(PumpAsync);
        }
    }

    /// <summary>The turn that runs goes on to its end; no other begins.</summary>
    public void End()
    {
        Ended = true;
        if (!_busy)
        {
            Forward();
        }
    }

    /// <summary>Leaves for the silo of this address once the present turn is over.</summary>
    public void MoveOnIdle(string address) => _moveTo = address;

    /// <summary>Takes a turn after a while; a later call replaces an earlier one.</summary>
    protected void TurnAfter(double seconds, Func<Task> turn)
    {
        var timer = ++_timer;
        Loop.After(seconds, () => silo.Process.Post(() =>
        {
            if (timer == _timer && !Ended)
            {
                // A timer's turn never leaves its activation, unlike a call.
                Enqueue(grain => grain == this ? turn() : Task.CompletedTask);
            }
        }));
    }

    private async Task PumpAsync()
    {
        while (!Ended && _turns.TryDequeue(out var turn))
        {
            await turn(this);
            if (_moveTo.Length > 0)
            {
                cluster.Move(this, _moveTo);
            }
        }

        _busy = false;
        if (Ended)
        {
            Forward();
        }
    }

    private void Forward()
    {
        while (_turns.TryDequeue(out var turn))
        {
            cluster.Deliver(silo, key, turn);
        }
    }
}
