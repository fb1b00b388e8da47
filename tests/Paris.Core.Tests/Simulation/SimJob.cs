using Paris.Core.Jobs;
using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Simulation;

/// <summary>The grain of a job: <see cref="JobMachine"/> on a silo.</summary>
internal sealed class SimJob : SimGrain, IJobHost
{
    private readonly JobMachine _machine;
    private bool _tellRun;

    public SimJob(SimCluster cluster, SimSilo silo, string key, SimStoreLink store, RetryBudgetOptions retries, Func<string> newClaim)
        : base(cluster, silo, key)
    {
        _machine = new JobMachine(JobId.Parse(key["job ".Length..]), store, silo, this, retries, cluster.Loop, newClaim);
        StepAgainAfter(TimeSpan.Zero);
    }

    public override string Luggage
    {
        get => _machine.MovingFor;
        set => _machine.MovingFor = value;
    }

    public static string KeyOf(JobId job) => $"job {job.Key}";

    public Task<JobOutcome> OrderAsync(SimRunSpec run, PlannedJob job)
        => DoAsync(() => _machine.OrderAsync(run.Priority, run.Submitted, job.Place, job.Total, 1, JobDemand.Of(run.Spec, job.Id.Kind)));

    public Task WakeAsync() => DoAsync(_machine.WakeAsync);

    public Task<JobOutcome> ResumeAsync() => DoAsync(_machine.ResumeAsync);

    public Task<JobOutcome> StopAsync(RunWish wish) => DoAsync(() => _machine.StopAsync(wish, "a person wants it"));

    /// <summary>A person, or the rebalancer, wants the running job elsewhere.</summary>
    public async Task MigrateAsync(string silo, string slot)
    {
        await _machine.ReadyAsync();
        if (_machine is { Worker.Epoch: > 0, Record: { Wish: RunWish.Run } record })
        {
            var order = record.InQueue(_machine.Job, _machine.Committed);
            if ((await Cluster.CallAsync(Silo, SimScheduler.GrainKey, grain => Task.FromResult(((SimScheduler)grain).Move(order, silo, slot)))).Granted is { } target)
            {
                _machine.Leave(target);
            }
        }
    }

    public async Task<(WorkerAnswer Answer, QueueOrder? Order)> ReportAsync(WorkerReport report)
    {
        var answer = new WorkerAnswer();
        await DoAsync(async () => answer = await _machine.ReportAsync(report));
        return (answer, _machine.Record?.InQueue(_machine.Job, _machine.Committed));
    }

    public Task<ReserveDecision> ReserveAsync(JobRecord record, string endedClaim)
    {
        var order = record.InQueue(_machine.Job, _machine.Committed);
        return Cluster.CallAsync(Silo, SimScheduler.GrainKey, grain => Task.FromResult(((SimScheduler)grain).Reserve(order, Silo.Name, endedClaim)));
    }

    public Task ReleaseAsync(string reservation) => Cluster.CallAsync(Silo, SimScheduler.GrainKey, grain =>
    {
        ((SimScheduler)grain).Release(_machine.Job.Key, reservation);
        return Task.FromResult(true);
    });

    public void MoveTo(string address) => MoveOnIdle(address);

    public void StepAgainAfter(TimeSpan delay) => TurnAfter(delay.TotalSeconds, async () =>
    {
        try
        {
            await WakeAsync();
        }
        catch (Exception exception) when (exception is IOException or SimCallException)
        {
            Loop.Log($"{Key} could not step: {exception.Message}");
        }
    });

    public void TellRun() => _tellRun = true;

    public bool IsDead(string address) => Cluster.IsDead(address);

    public void Note(JobNote note) => Loop.Log($"{Key} on {Silo.Address}: {note.Moment} {note.Silo} {note.Slot} {note.Message}");

    private async Task<JobOutcome> DoAsync(Func<Task> action)
    {
        await action();
        if (_tellRun)
        {
            _tellRun = false;
            var (job, outcome) = (_machine.Job, _machine.Outcome);
            Cluster.Forget(Silo, SimRun.KeyOf(job.Run), grain => ((SimRun)grain).JobEndedAsync(job, outcome));
        }

        return _machine.Outcome;
    }
}
