namespace Paris.Core.Tests.Simulation;

/// <summary>
/// Membership, directory and calls. What matters of Orleans here: a call may time out while its work goes on, a silo that was declared
/// dead may still be alive, and one grain may for a while have two activations.
/// </summary>
internal sealed class SimCluster(SimLoop loop, Func<SimCluster, SimSilo, string, SimGrain> activate)
{
    private const double CallTimeout = 30;

    private readonly List<SimSilo> _members = [];
    private readonly HashSet<string> _dead = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, List<SimGrain>> _directory = new(StringComparer.Ordinal);
    private readonly Queue<PendingCall> _calls = new();

    public SimLoop Loop => loop;

    /// <summary>The silos that membership counts as alive, rightly or not.</summary>
    public IReadOnlyList<SimSilo> Members => _members;

    public IEnumerable<string> Keys => _directory.Keys;

    public int Duplicates { get; private set; }

    public bool IsDead(string address) => _dead.Contains(address);

    public void Join(SimSilo silo)
    {
        _members.Add(silo);
        loop.Log($"{silo.Address} joins");
    }

    /// <summary>Membership declares a silo dead: its grains are activated elsewhere at the next call.</summary>
    public void Declare(SimSilo silo)
    {
        if (_members.Remove(silo))
        {
            loop.Log($"{silo.Address} is declared dead");
            _dead.Add(silo.Address);
            foreach (var call in _calls.Where(x => x.Target == silo))
            {
                loop.After(0, () => call.Fail($"{silo.Address} is dead"));
            }
        }
    }

    /// <summary>Calls a grain from a silo; its answer, or a <see cref="SimCallException"/>, continues in that silo's process.</summary>
    /// <remarks>An interleaving call waits for no turn, like a method with <c>[AlwaysInterleave]</c>.</remarks>
    public Task<T> CallAsync<T>(SimSilo from, string key, Func<SimGrain, Task<T>> body, bool interleave = false)
    {
        var reply = new TaskCompletionSource<T>();
        var call = new PendingCall(loop.Now + CallTimeout, reason => from.Process.Post(() => reply.TrySetException(new SimCallException($"{key}: {reason}"))));
        _calls.Enqueue(call);
        loop.After(Latency(), () => call.Target = Deliver(from, key, async grain =>
        {
            T? value = default;
            Exception? failure = null;
            try
            {
                value = await body(grain);
            }
            catch (Exception exception) when (exception is IOException or SimCallException)
            {
                failure = new SimCallException(exception.Message);
            }

            if (Reach(grain.Silo, from))
            {
                loop.After(Latency(), () => from.Process.Post(() => _ = failure is null ? reply.TrySetResult(value!) : reply.TrySetException(failure)));
            }
        }, call.Fail, interleave));
        return reply.Task;
    }

    /// <summary>A call whose answer nobody waits for.</summary>
    public void Forget(SimSilo from, string key, Func<SimGrain, Task> body) => from.Process.Go(async () =>
    {
        try
        {
            await CallAsync(from, key, async grain =>
            {
                await body(grain);
                return true;
            });
        }
        catch (SimCallException)
        {
            // Whoever waits for its effect asks again.
        }
    });

    /// <summary>Hands a turn to the activation of <paramref name="key"/>, or loses it. Returns the silo that it was sent to.</summary>
    public SimSilo? Deliver(SimSilo from, string key, Func<SimGrain, Task> turn, Action<string>? fail = null, bool interleave = false)
    {
        var grain = Find(key) ?? Place(from, key);
        if (grain is null)
        {
            fail?.Invoke("no silo is active");
        }
        else if (Reach(from, grain.Silo))
        {
            grain.Silo.Process.Post(() =>
            {
                if (interleave)
                {
                    grain.Silo.Process.Go(() => turn(grain));
                }
                else
                {
                    grain.Enqueue(turn);
                }
            });
        }

        return grain?.Silo;
    }

    /// <summary>Ends every call that waits for longer than the response timeout.</summary>
    public void ExpireCalls()
    {
        while (_calls.TryPeek(out var call) && call.Deadline <= loop.Now)
        {
            _calls.Dequeue().Fail("timed out");
        }
    }

    /// <summary>An activation migrates: to the silo of that address if it is active, else to any.</summary>
    public void Move(SimGrain grain, string address)
    {
        Remove(grain);
        var others = _members.Where(x => !x.Draining).ToList();
        var target = others.Find(x => x.Address == address) ?? (others.Count > 0 ? loop.Pick(others) : null);
        if (target is not null && Reach(grain.Silo, target) && Find(grain.Key) is null)
        {
            Add(target, grain.Key).Luggage = grain.Luggage;
        }

        grain.End();
    }

    /// <summary>The directory forgets an activation that lives on: a second one comes, and for some seconds calls reach either.</summary>
    public void Duplicate(string key)
    {
        var hosts = _members.Where(x => !x.Draining).ToList();
        if (Find(key) is not { } first || hosts.Count == 0 || _directory[key].Count > 1)
        {
            return;
        }

        Duplicates++;
        loop.Log($"{key} has a second activation");
        Add(loop.Pick(hosts), key);
        loop.After(loop.Between(2, 15), () => Deactivate(first));
    }

    /// <summary>An activation ends; the next call makes a new one.</summary>
    public void Deactivate(string key)
    {
        if (Find(key) is { } grain)
        {
            loop.Log($"{key} is deactivated on {grain.Silo.Address}");
            Deactivate(grain);
        }
    }

    public IEnumerable<SimGrain> Activations(string key) => _directory.TryGetValue(key, out var grains) ? grains : [];

    private static bool Reach(SimSilo a, SimSilo b) => a.Node == b.Node || (!a.Node.Isolated && !b.Node.Isolated);

    private void Deactivate(SimGrain grain)
    {
        Remove(grain);
        grain.Silo.Process.Post(grain.End);
    }

    private SimGrain? Find(string key)
    {
        if (!_directory.TryGetValue(key, out var grains))
        {
            return null;
        }

        grains.RemoveAll(x => !_members.Contains(x.Silo));
        return grains.Count == 0 ? null : loop.Pick(grains);
    }

    private SimGrain? Place(SimSilo from, string key)
    {
        // Nobody places a grain from a minority: its share of the directory is out of reach.
        var hosts = _members.Where(x => !x.Draining && !from.Node.Isolated).ToList();
        return hosts.Count == 0 ? null : Add(loop.Pick(hosts), key);
    }

    private SimGrain Add(SimSilo silo, string key)
    {
        if (!_directory.TryGetValue(key, out var grains))
        {
            _directory[key] = grains = [];
        }

        var grain = activate(this, silo, key);
        grains.Add(grain);
        loop.Log($"{key} is activated on {silo.Address}");
        return grain;
    }

    private void Remove(SimGrain grain)
    {
        if (_directory.TryGetValue(grain.Key, out var grains))
        {
            grains.Remove(grain);
        }
    }

    private double Latency() => loop.Between(0.001, 0.02);

    private sealed class PendingCall(double deadline, Action<string> fail)
    {
        public double Deadline => deadline;

        public Action<string> Fail => fail;

        public SimSilo? Target { get; set; }
    }
}
