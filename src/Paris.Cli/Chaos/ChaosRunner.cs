using Paris.Cli.Client;
using Paris.Core;
using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>Carries a plan out, one fault after the other, and watches the cluster through the gateway all the while.</summary>
/// <param name="client">The gateway.</param>
/// <param name="options">Times, and what to look at.</param>
/// <param name="time">The clock of the report.</param>
/// <param name="say">Takes a line for people.</param>
internal sealed class ChaosRunner(GatewayClient client, ChaosOptions options, TimeProvider time, Action<string> say)
{
    private readonly long _origin = time.GetTimestamp();
    private readonly CheckpointLedger _ledger = new();
    private readonly Goodput _goodput = new();
    private readonly List<FaultRecord> _faults = [];
    private readonly HashSet<string> _runs = options.Run is { } run ? [run] : [];

    /// <summary>The newest fault that happened, and its place among the records.</summary>
    private (FaultWatch Watch, int Record)? _newest;

    private TimeSpan Now => time.GetElapsedTime(_origin);

    /// <exception cref="ParisInputException">Nothing trains, so that there is nothing to disturb.</exception>
    public async Task<ChaosReport> RunAsync(IReadOnlyList<PlannedFault> plan, CancellationToken cancellationToken)
    {
        await MeasureAsync(cancellationToken);
        var start = Now;
        foreach (var planned in plan)
        {
            await WatchAsync(() => Now >= start + planned.At, cancellationToken);
            await CarryAsync(planned, start, cancellationToken);
        }

        var end = Now + options.Settle;
        await WatchAsync(() => Now >= end, cancellationToken);
        var goodput = _goodput.At(Now);
        var seconds = (Now - start).TotalSeconds;
        await VerifyAsync(cancellationToken);
        return new ChaosReport
        {
            Seed = options.Seed,
            Seconds = Math.Round(seconds, 1),
            Faults = _faults,
            CheckpointsSeen = _ledger.Seen,
            CheckpointsLost = _ledger.Lost,
            UndisturbedRate = Math.Round(_goodput.Undisturbed, 3),
            Steps = _goodput.Steps,
            Goodput = goodput is { } share ? Math.Round(share, 4) : null,
        };
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await FindRunsAsync(cancellationToken);
        say($"measuring undisturbed speeds for {options.Baseline.TotalSeconds:0} s");
        var jobs = await JobsAsync(cancellationToken) ?? [];
        if (!jobs.Any(x => x is { State: "running", Total: > 0 }))
        {
            throw new ParisInputException($"No job of {(options.Run is null ? "any run" : $"run '{options.Run}'")} has a worker with steps to do; start a run ('paris train -f run.yaml') and wait until its experts train ('paris status').");
        }

        _goodput.Begin(jobs);
        var begun = Now;
        await Task.Delay(options.Baseline, time, cancellationToken);
        jobs = await JobsAsync(cancellationToken) ?? jobs;
        _goodput.Measure(Now - begun, Now, jobs);
        await VerifyAsync(cancellationToken);
        say($"{_goodput.Undisturbed:0.0} steps/s before the first fault");
    }

    private async Task CarryAsync(PlannedFault planned, TimeSpan start, CancellationToken cancellationToken)
    {
        var record = new FaultRecord { Number = planned.Number, At = Math.Round((Now - start).TotalSeconds, 1), Fault = planned.Fault, Seconds = planned.Seconds, Silo = "" };
        var jobs = await JobsAsync(cancellationToken) ?? [];
        if (await AimAsync(planned, jobs, cancellationToken) is not { } request)
        {
            Skip(record, "nothing to aim at");
            return;
        }

        record = record with { Silo = request.Silo, Job = request.Job };
        var touched = (request.Job is { } job ? [job] : jobs.Where(x => x.Silo == request.Silo).Select(x => x.Key)).ToHashSet();
        _ledger.See(await HeadsAsync(cancellationToken));
        try
        {
            await client.OrderFaultAsync(request, cancellationToken);
        }
        catch (GatewayException exception)
        {
            // The worker has ended meanwhile, or the silo has gone.
            Skip(record, exception.Message);
            return;
        }

        var what = $"fault {planned.Number}: {ChaosTables.Name(planned.Fault)} {request.Job ?? request.Silo}{(planned.Seconds > 0 ? $" for {planned.Seconds:0.#} s" : "")}";
        say(what);
        var index = _faults.Count;
        var watch = new FaultWatch(planned.Fault, jobs, touched, Now + TimeSpan.FromSeconds(planned.Seconds));
        _newest = (watch, index);
        _faults.Add(record with { Touched = watch.Touched });
        var limit = Now + TimeSpan.FromSeconds(planned.Seconds) + options.Limit;
        await WatchAsync(() => (watch.Recovered && !watch.WantsHeads) || Now >= limit, cancellationToken);
        _faults[index] = _faults[index] with { Recovery = watch.Recovery is { } recovery ? Math.Round(recovery.TotalSeconds, 1) : null, StepsLost = watch.StepsLost };
        say($"{what}: {(watch.Recovery is { } after ? $"trains again after {after.TotalSeconds:0.0} s, {watch.StepsLost} steps lost" : $"not recovered within {options.Limit.TotalSeconds:0} s")}");
    }

    private void Skip(FaultRecord record, string why)
    {
        say($"fault {record.Number}: {ChaosTables.Name(record.Fault)} skipped: {why}");
        _faults.Add(record with { Skipped = why });
    }

    /// <summary>Chooses whom the fault hits among those who can take it now; null when there is nobody.</summary>
    private async Task<ChaosRequest?> AimAsync(PlannedFault planned, IReadOnlyList<JobView> jobs, CancellationToken cancellationToken)
    {
        ChaosView chaos;
        try
        {
            await FindRunsAsync(cancellationToken);
            chaos = await client.GetChaosAsync(cancellationToken);
        }
        catch (GatewayException)
        {
            return null;
        }

        var able = chaos.Silos.Where(x => x.Faults.Contains(planned.Fault)).Select(x => x.Silo).ToHashSet();
        var running = jobs.Where(x => x.State == "running" && x.Silo is { } silo && able.Contains(silo)).OrderBy(x => x.Key, StringComparer.Ordinal).ToArray();
        if (ChaosRequest.AimsAtAJob(planned.Fault))
        {
            return running.Length == 0 ? null : planned.Choose(running) is var job ? new ChaosRequest(planned.Fault, job.Silo!, job.Key, planned.Seconds) : null;
        }

        // A silo at work before an idle one: a fault that touches nobody shows little.
        var silos = running.Select(x => x.Silo!).Distinct().Order(StringComparer.Ordinal).ToArray();
        silos = silos.Length > 0 ? silos : [.. able.Order(StringComparer.Ordinal)];
        return silos.Length == 0 ? null : new ChaosRequest(planned.Fault, planned.Choose(silos), null, planned.Seconds);
    }

    private async Task WatchAsync(Func<bool> until, CancellationToken cancellationToken)
    {
        while (!until())
        {
            await Task.Delay(options.Poll, time, cancellationToken);
            if (await JobsAsync(cancellationToken) is not { } jobs)
            {
                continue;
            }

            _goodput.See(jobs);
            if (_newest is not (var watch, var record))
            {
                continue;
            }

            watch.See(Now, jobs, []);
            if (watch.WantsHeads)
            {
                var heads = await HeadsAsync(cancellationToken);
                _ledger.See(heads);
                watch.See(Now, jobs, heads);
            }

            _faults[record] = _faults[record] with { Disturbed = watch.Disturbed };
        }
    }

    /// <summary>Every listed checkpoint is read and hashed. Storage that is out has an end.</summary>
    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        for (var limit = Now + options.Limit; ;)
        {
            try
            {
                foreach (var run in _runs)
                {
                    _ledger.See(await client.GetHeadsAsync(run, verify: true, cancellationToken));
                }

                return;
            }
            catch (GatewayException) when (Now < limit)
            {
                await Task.Delay(options.Poll, time, cancellationToken);
            }
        }
    }

    /// <summary>The jobs of the watched runs; null while the cluster does not answer, which is what a fault does.</summary>
    private async Task<IReadOnlyList<JobView>?> JobsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var jobs = new List<JobView>();
            foreach (var run in _runs)
            {
                jobs.AddRange((await client.GetAsync(run, cancellationToken)).Jobs);
            }

            return jobs;
        }
        catch (GatewayException exception) when (!exception.BadInput)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<HeadView>> HeadsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var heads = new List<HeadView>();
            foreach (var run in _runs)
            {
                heads.AddRange(await client.GetHeadsAsync(run, verify: false, cancellationToken));
            }

            return heads;
        }
        catch (GatewayException exception) when (!exception.BadInput)
        {
            return [];
        }
    }

    // Runs that end while we look are looked at on: their checkpoints count.
    private async Task FindRunsAsync(CancellationToken cancellationToken)
    {
        if (options.Run is null)
        {
            _runs.UnionWith((await client.ListAsync(cancellationToken)).Where(x => x.State is "running" or "pending").Select(x => x.Run));
        }
    }

}
