using System.Text;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Storage;
using Paris.Core.Tests.Simulation;
using Paris.Core.Tests.Storage;
using static Paris.Core.Tests.Simulation.InvariantException;

namespace Paris.Core.Tests.Jobs;

/// <summary>What the store of a simulation gets wrong on purpose.</summary>
internal enum StoreFlaw
{
    None = 0,

    /// <summary>If-Match is ignored: the last writer wins.</summary>
    IgnoresMatch = 1,

    /// <summary>If-None-Match is ignored: a name is written over.</summary>
    IgnoresAbsent = 2,
}

/// <summary>
/// One job's life on one thread: workers take it over, commit, crash, hang and come back as zombies, each through a store of its own that
/// fails, loses replies and delivers writes late. Which worker's next call to the store takes place is drawn from the seed, so a failure
/// repeats. The store checks the invariants at every write.
/// </summary>
internal sealed class JobFenceSimulation
{
    private const int Interval = 10;
    private const int KeepLast = 2;

    private static readonly JobId Job = JobId.ForExpert("sim", 0);

    private readonly ulong _seed;
    private readonly PhiloxStream _random;
    private readonly CheckedStore _store;
    private readonly List<(int Worker, TaskCompletionSource Turn)> _waiting = [];
    private readonly List<FaultyBlobStore> _networks = [];
    private readonly HashSet<int> _dead = [];
    private int _workers;
    private bool _finished;

    public JobFenceSimulation(ulong seed, StoreFlaw flaw)
    {
        _seed = seed;
        _random = new PhiloxKey(seed, RandomPurpose.Simulation, step: 1).Stream();
        _store = new CheckedStore(flaw);
    }

    public int TakeOvers => _store.Checks.TakeOvers;

    public int Commits => _store.Checks.Commits;

    public int Fallbacks => _store.Checks.Fallbacks;

    public int Fenced { get; private set; }

    public int Zombies { get; private set; }

    /// <summary>Runs the simulation; throws <see cref="InvariantException"/> where an invariant breaks.</summary>
    public void Run()
    {
        var running = new List<Task>();
        for (var turn = 0; turn < 1500; turn++)
        {
            running.RemoveAll(task =>
            {
                if (task.IsCompleted)
                {
                    task.GetAwaiter().GetResult();
                }

                return task.IsCompleted;
            });

            // A supervisor that believes the worker dead starts the next one; often it is wrong, and the former becomes a zombie.
            if (running.Count == 0 || (running.Count < 4 && _random.NextInt(40) == 0))
            {
                Zombies += running.Count;
                running.Add(WorkAsync(_workers++, last: false));
                continue;
            }

            switch (_random.NextInt(60))
            {
                case 0:
                    // kill -9 at a call: before it, so that what was sent stays sent.
                    var victim = _random.NextInt(_waiting.Count);
                    _dead.Add(_waiting[victim].Worker);
                    Wake(victim);
                    break;
                case 1:
                    _store.DamageNewest(_random);
                    break;
                case 2:
                    // What hung in a dead or living worker's network arrives.
                    Finish(_networks[_random.NextInt(_networks.Count)].DrainAsync());
                    break;
                default:
                    Wake(_random.NextInt(_waiting.Count));
                    break;
            }
        }

        // At last a worker without faults finishes the job, among whatever zombies are left; one that was still on its way to take over
        // may fence it, so that it takes another.
        do
        {
            var end = WorkAsync(_workers++, last: true);
            while (!end.IsCompleted)
            {
                Wake(_random.NextInt(_waiting.Count));
            }

            end.GetAwaiter().GetResult();
        }
        while (!_finished);

        _dead.UnionWith(Enumerable.Range(0, _workers));
        while (_waiting.Count > 0)
        {
            Wake(_random.NextInt(_waiting.Count));
        }

        foreach (var task in running)
        {
            task.GetAwaiter().GetResult();
        }

        foreach (var network in _networks)
        {
            Finish(network.DrainAsync());
        }

        _store.CheckEnd();
    }

    private static void Finish(Task task)
    {
        // Late writes reach the store without a turn of their own.
        if (!task.IsCompleted)
        {
            throw new InvalidOperationException("A simulated call did not complete at once.");
        }

        task.GetAwaiter().GetResult();
    }

    private async Task WorkAsync(int worker, bool last)
    {
        var faults = last ? new BlobFaultOptions() : new BlobFaultOptions { ErrorBefore = 0.06, ErrorAfter = 0.06, Late = 0.05 };
        var network = new FaultyBlobStore(_store, _seed ^ ((ulong)(worker + 1) << 40), faults, TimeProvider.System);
        _networks.Add(network);
        var store = new TurnStore(network, () => TurnAsync(worker));
        try
        {
            var fence = await PersistAsync(() => JobFence.TakeOverAsync(store, Job, "silo", $"claim-{worker}", worker == 0 ? "start" : "resume"));
            var opened = await PersistAsync(() => fence.OpenNewestCheckpointAsync());
            if (opened is { } found && !Encoding.UTF8.GetString(((MemoryStream)found.Content).ToArray()).StartsWith($"step {found.Entry.Step} ", StringComparison.Ordinal))
            {
                throw new InvariantException($"The checkpoint of step {found.Entry.Step} holds something else.");
            }

            var step = opened?.Entry.Step ?? 0;
            var end = last ? step + (3 * Interval) : long.MaxValue;
            while (step < end)
            {
                step += Interval;

                // Content may differ between two uploads of one step: times and rates are in it.
                var content = new MemoryStream(Encoding.UTF8.GetBytes($"step {step} by {worker} number {network.Calls}"));
                try
                {
                    await fence.CommitCheckpointAsync(step, content, KeepLast);
                    _store.Checks.Acknowledged(step, fence.Epoch);
                }
                catch (StorageFaultException)
                {
                    // Training goes on and the next commit will do, or a stop wants this very step again.
                    step -= _random.NextInt(2) * Interval;
                }
            }

            if (last)
            {
                await fence.CommitResultAsync(new JobResult { Job = Job });
                _finished = true;
            }
        }
        catch (FencedException)
        {
            Fenced++;
        }
        catch (KilledException)
        {
        }
    }

    private static async Task<T> PersistAsync<T>(Func<Task<T>> action)
    {
        while (true)
        {
            try
            {
                return await action();
            }
            catch (StorageFaultException)
            {
            }
        }
    }

    private async Task TurnAsync(int worker)
    {
        var turn = new TaskCompletionSource();
        _waiting.Add((worker, turn));
        await turn.Task;
        if (_dead.Contains(worker))
        {
            throw new KilledException();
        }
    }

    private void Wake(int index)
    {
        var (_, turn) = _waiting[index];
        _waiting.RemoveAt(index);
        turn.SetResult();
    }

    private sealed class KilledException : Exception;

    /// <summary>Waits for its turn before every call.</summary>
    private sealed class TurnStore(IBlobStore inner, Func<Task> turn) : IBlobStore
    {
        public string Description => inner.Description;

        public async Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.GetAsync(name, cancellationToken);
        }

        public async Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.HeadAsync(name, cancellationToken);
        }

        public async Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.OpenReadAsync(name, offset, length, cancellationToken);
        }

        public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.PutAsync(name, content, condition, metadata, cancellationToken);
        }

        public async Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.DeleteAsync(name, ifMatch, cancellationToken);
        }

        public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await turn();
            await foreach (var info in inner.ListAsync(prefix, cancellationToken))
            {
                yield return info;
            }
        }

        public async Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default)
        {
            await turn();
            return await inner.GetServerTimeAsync(cancellationToken);
        }
    }

    /// <summary>Looks at every write as it takes place.</summary>
    private sealed class CheckedStore : MemoryBlobStore
    {
        private readonly StoreFlaw _flaw;

        public CheckedStore(StoreFlaw flaw)
        {
            _flaw = flaw;
            Checks = new HeadChecks(Job, Blobs);
        }

        public HeadChecks Checks { get; }

        public void DamageNewest(PhiloxStream random)
        {
            if (random.NextInt(2) == 0 && Checks.Spoil() is { } name)
            {
                Damage(name);
            }
        }

        public void CheckEnd()
        {
            var head = Checks.Head;
            Require(head is { Result: not null }, "The last worker's result is not in the head.");
            Require(Blobs.ContainsKey(head!.Result!.Name), "The result blob is missing.");
            var listed = head.Checkpoints.Select(entry => entry.Name).ToHashSet();
            Require(head.Checkpoints.Count is > 0 and <= KeepLast, $"{head.Checkpoints.Count} checkpoints are listed.");

            // Leftovers can only be what arrived after the last epoch's sweep.
            var leftovers = Blobs.Keys.Count(name => name.StartsWith(Job.Folder + "step-", StringComparison.Ordinal) && !listed.Contains(name));
            Require(leftovers < 12, $"{leftovers} checkpoint blobs are left over.");
        }

        protected override bool Holds(PutCondition condition, BlobContent? current) => _flaw switch
        {
            StoreFlaw.IgnoresMatch when condition.IfMatch is not null => true,
            StoreFlaw.IgnoresAbsent when condition.IfAbsent && current?.Info.Name.EndsWith("head.json", StringComparison.Ordinal) != true => true,
            _ => base.Holds(condition, current),
        };

        protected override void OnPut(BlobContent? former, BlobContent current)
        {
            if (current.Info.Name == Job.HeadName)
            {
                Checks.Write(JsonSerializer.Deserialize<JobHead>(current.Bytes, WorkerProtocol.Json)!);
            }
            else
            {
                Checks.WriteBlob(current.Info.Name, former is not null);
            }
        }

        protected override void OnDelete(BlobContent former) => Checks.Delete(former.Info.Name);
    }
}
