using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;

namespace Paris.Core.Tests.Jobs;

/// <summary>An invariant of DESIGN section 5 does not hold.</summary>
internal sealed class InvariantException(string message) : Exception(message);

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

    public int TakeOvers => _store.TakeOvers;

    public int Commits => _store.Commits;

    public int Fallbacks => _store.Fallbacks;

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

        _store.CheckEnd(Job);
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
                    _store.CheckAcknowledged(Job, step, fence.Epoch);
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
    private sealed class CheckedStore(StoreFlaw flaw) : MemoryBlobStore
    {
        private readonly Dictionary<int, string> _claims = [];
        private readonly HashSet<string> _dropped = [];
        private readonly HashSet<string> _damaged = [];
        private JobHead? _head;

        public int TakeOvers { get; private set; }

        public int Commits { get; private set; }

        public int Fallbacks { get; private set; }

        /// <summary>Spoils the newest checkpoint, unless the one behind it is spoilt already: the bound on lost work is about single faults.</summary>
        public void DamageNewest(PhiloxStream random)
        {
            if (_head is { Checkpoints.Count: > 1 } head && random.NextInt(2) == 0 && !head.Checkpoints.Any(entry => _damaged.Contains(entry.Name)))
            {
                _damaged.Add(head.Checkpoints[0].Name);
                Damage(head.Checkpoints[0].Name);
            }
        }

        /// <summary>A commit that returned is in the head, or was taken back by a later epoch that says why.</summary>
        public void CheckAcknowledged(JobId job, long step, int epoch)
            => Require(_head!.Step >= step || _head.Epoch > epoch, $"Job {job} lost the acknowledged step {step}.");

        public void CheckEnd(JobId job)
        {
            Require(_head is { Result: not null }, "The last worker's result is not in the head.");
            Require(Blobs.ContainsKey(_head!.Result!.Name), "The result blob is missing.");
            var listed = _head.Checkpoints.Select(entry => entry.Name).ToHashSet();
            Require(_head.Checkpoints.Count is > 0 and <= KeepLast, $"{_head.Checkpoints.Count} checkpoints are listed.");

            // Leftovers can only be what arrived after the last epoch's sweep.
            var leftovers = Blobs.Keys.Count(name => name.StartsWith(job.Folder + "step-", StringComparison.Ordinal) && !listed.Contains(name));
            Require(leftovers < 12, $"{leftovers} checkpoint blobs are left over.");
        }

        protected override bool Holds(PutCondition condition, BlobContent? current) => flaw switch
        {
            StoreFlaw.IgnoresMatch when condition.IfMatch is not null => true,
            StoreFlaw.IgnoresAbsent when condition.IfAbsent && current?.Info.Name.EndsWith("head.json", StringComparison.Ordinal) != true => true,
            _ => base.Holds(condition, current),
        };

        protected override void OnPut(BlobContent? former, BlobContent current)
        {
            if (current.Info.Name == Job.HeadName)
            {
                CheckHead(JsonSerializer.Deserialize<JobHead>(current.Bytes, WorkerProtocol.Json)!);
                return;
            }

            Require(former is null, $"The immutable blob '{current.Info.Name}' was written over.");
            Require(!_dropped.Contains(current.Info.Name) || _head!.Checkpoints.All(entry => entry.Name != current.Info.Name), $"The dropped name '{current.Info.Name}' returned to the head.");
        }

        protected override void OnDelete(BlobContent former)
            => Require(_head!.Checkpoints.All(entry => entry.Name != former.Info.Name) && _head.Result?.Name != former.Info.Name, $"'{former.Info.Name}' was deleted while the head names it.");

        private static void Require(bool condition, string message)
        {
            if (!condition)
            {
                throw new InvariantException(message);
            }
        }

        private void CheckHead(JobHead next)
        {
            var former = _head;
            Require(_claims.TryAdd(next.Epoch, next.Claim) || _claims[next.Epoch] == next.Claim, $"Two claims committed in epoch {next.Epoch}.");
            if (former is null || next.Epoch != former.Epoch)
            {
                Require(next.Epoch == (former?.Epoch ?? 0) + 1, $"The epoch went from {former?.Epoch} to {next.Epoch}.");
                TakeOvers++;
            }
            else
            {
                Require(next.Step >= former.Step, $"Within epoch {next.Epoch} the step fell from {former.Step} to {next.Step}.");
                Commits++;
            }

            if (former is not null && next.Epoch > former.Epoch && next.Step != former.Step)
            {
                // Only a fallback lowers the step, by what is damaged and no more: lost work is at most one interval for each.
                Require(next.Reason.StartsWith("fallback: ", StringComparison.Ordinal) && next.Step < former.Step, $"A take-over moved the step from {former.Step} to {next.Step} because of '{next.Reason}'.");
                var lost = former.Checkpoints.Where(entry => entry.Step > next.Step).ToList();
                Require(lost.Count > 0 && lost.All(entry => _damaged.Contains(entry.Name)), $"A fallback from {former.Step} to {next.Step} passed over a sound checkpoint.");
                Fallbacks++;
            }

            Require(next.Step == (next.Checkpoints.Count > 0 ? next.Checkpoints[0].Step : 0), $"The head's step {next.Step} is not its newest checkpoint's.");
            for (var i = 0; i < next.Checkpoints.Count; i++)
            {
                var entry = next.Checkpoints[i];
                Require(i == 0 || entry.Step < next.Checkpoints[i - 1].Step, $"Step {entry.Step} is listed twice or out of order.");
                Require(!_dropped.Contains(entry.Name), $"The dropped name '{entry.Name}' returned.");
                Require(Blobs.TryGetValue(entry.Name, out var blob), $"The head names '{entry.Name}', which is not there.");
                Require(_damaged.Contains(entry.Name) || Convert.ToHexStringLower(SHA256.HashData(blob!.Bytes)) == entry.Sha256, $"The head names '{entry.Name}' with another content.");
            }

            foreach (var entry in former?.Checkpoints ?? [])
            {
                if (next.Checkpoints.All(kept => kept.Name != entry.Name))
                {
                    _dropped.Add(entry.Name);
                }
            }

            _head = next;
        }
    }
}
