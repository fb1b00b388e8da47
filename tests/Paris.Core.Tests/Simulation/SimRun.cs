using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Storage;

namespace Paris.Core.Tests.Simulation;

/// <summary>The grain of a run: <see cref="RunPlan"/> and <see cref="RunBook"/> on a silo.</summary>
internal sealed class SimRun : SimGrain
{
    /// <summary>How long one job is waited for before the next is asked.</summary>
    private const double Turn = 0.25;

    /// <summary>How long a turn waits for the jobs in all.</summary>
    private const double Patience = 3;

    private readonly IBlobStore _store;
    private readonly SimRunSpec _spec;
    private readonly RunBook _book;
    private bool _loaded;

    public SimRun(SimCluster cluster, SimSilo silo, SimRunSpec spec, IBlobStore store)
        : base(cluster, silo, KeyOf(spec.Name))
    {
        (_spec, _store) = (spec, store);
        _book = new RunBook(cluster.Loop) { Plan = spec.Plan };
    }

    /// <summary>Keys of the jobs that should run now.</summary>
    public string[] Wanted => [.. _book.Decision.ShouldRun.Select(x => x.Id.Key)];

    public static string KeyOf(string run) => $"run {run}";

    /// <summary>Makes it so; false when nothing is left to do.</summary>
    public async Task<bool> EnsureAsync()
    {
        await LoadAsync();
        await EnsureCoreAsync();
        return _book.Active;
    }

    public async Task JobEndedAsync(JobId job, JobOutcome outcome)
    {
        await LoadAsync();
        _book.Learn(job, outcome);
        await EnsureCoreAsync();
    }

    /// <summary>A person lets the run go on: failed jobs get new retries.</summary>
    public async Task ResumeAsync()
    {
        await LoadAsync();
        foreach (var job in _book.Plan.Where(x => _book.Outcomes.GetValueOrDefault(x.Id) != JobOutcome.Done))
        {
            _book.Learn(job.Id, await Cluster.CallAsync(Silo, SimJob.KeyOf(job.Id), grain => ((SimJob)grain).ResumeAsync()));
        }

        _book.AskAnew();
        await EnsureCoreAsync();
        Cluster.Forget(Silo, SimSupervisor.GrainKey, grain =>
        {
            ((SimSupervisor)grain).Watch(_spec.Name);
            return Task.CompletedTask;
        });
    }

    private async Task LoadAsync()
    {
        if (!_loaded)
        {
            await Task.WhenAll(_book.Plan.Select(async x => _book.Learn(x.Id, (await RunBook.ReadOutcomeAsync(_store, x.Id)).Outcome)));
            _book.Decide();
            _loaded = true;
        }
    }

    private async Task EnsureCoreAsync()
    {
        var patience = Silo.Process.DelayAsync(Patience);
        HashSet<JobId> turn = [];
        while (!patience.IsCompleted && _book.Ask(turn) is { Count: > 0 } ask)
        {
            // One after the other, so that they ask for slots in the order of the plan; but none holds the others up for long.
            List<Task> asked = [];
            foreach (var job in ask)
            {
                asked.Add(OrderAsync(job));
                await Task.WhenAny(asked[^1], patience, Silo.Process.DelayAsync(Turn));
            }

            await Task.WhenAny(Task.WhenAll(asked), patience);
        }

        _book.Decide();
    }

    private async Task OrderAsync(PlannedJob job)
    {
        var before = _book.Of(job.Id);
        try
        {
            if (before == JobOutcome.SetAside)
            {
                // It has not heard that the run goes on.
                await Cluster.CallAsync(Silo, SimJob.KeyOf(job.Id), grain => ((SimJob)grain).ResumeAsync());
            }

            var outcome = await Cluster.CallAsync(Silo, SimJob.KeyOf(job.Id), grain => ((SimJob)grain).OrderAsync(_spec, job));
            if (_book.Of(job.Id) == before)
            {
                _book.Learn(job.Id, outcome);
            }
        }
        catch (SimCallException)
        {
            _book.NotReached(job.Id);
        }
    }
}
