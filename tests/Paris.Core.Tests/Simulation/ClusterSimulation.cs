using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using static Paris.Core.Tests.Simulation.InvariantException;

namespace Paris.Core.Tests.Simulation;

/// <summary>
/// A whole control plane in virtual time: nodes with silos, agents and workers, the deciding code of Paris.Core in grains that move, die and
/// double, and a store that is checked at every write. For a while everything goes wrong; then the faults end, and every job must
/// complete. See docs/simulation.md.
/// </summary>
internal sealed class ClusterSimulation
{
    /// <summary>Virtual seconds in which every job completes once the faults have ended.</summary>
    private const double Patience = 600;

    private static readonly RunSpec[] _specs = [Spec("a", 3), Spec("a", 6), Spec("b", 2)];

    private readonly ulong _seed;
    private readonly FenceFlaw _flaw;
    private readonly SimLoop _loop;
    private readonly SimStore _store = new();
    private readonly SimFaults _faults;
    private readonly SimCluster _cluster;
    private readonly List<SimNode> _nodes = [];
    private readonly Dictionary<string, int> _slots = [];
    private readonly List<SimWorker> _workers = [];
    private readonly Dictionary<string, SimWorker> _byClaim = new(StringComparer.Ordinal);
    private readonly List<SimRunSpec> _runs = [];
    private readonly double _faultEvery;
    private int _claims;
    private int _left;

    public ClusterSimulation(ulong seed, FenceFlaw flaw = FenceFlaw.None)
    {
        (_seed, _flaw) = (seed, flaw);
        _loop = new SimLoop(seed);
        _faults = new SimFaults
        {
            Error = _loop.Between(0, 0.06),
            LostReply = _loop.Between(0, 0.06),
            Late = _loop.Between(0, 0.04),
            Slow = _loop.Between(0, 0.05),
        };
        _faultEvery = _loop.Between(1, 6);
        _cluster = new SimCluster(_loop, Activate);
        _store.HeadWritten = OnHead;
        var first = _specs[_loop.Below(2)];
        _runs.Add(new SimRunSpec(first, 0, _loop.GetUtcNow(), RunPlan.For(first)));
        if (_loop.Chance(0.4))
        {
            _runs.Add(new SimRunSpec(_specs[2], _loop.Below(2), _loop.GetUtcNow().AddSeconds(1), RunPlan.For(_specs[2])));
        }

        // Most runs begin where the experts do; some with everything before it.
        var prepared = _loop.Chance(0.75);
        foreach (var job in _runs.SelectMany(x => x.Plan))
        {
            _left++;
            _store.Of(job.Id);
            if (prepared && job.Total == 0 && job.Id.Kind is not JobKind.Evaluate)
            {
                Finish(job.Id);
            }
        }

        var nodes = 2 + _loop.Below(4);
        for (var node = 0; node < nodes; node++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"n{node}");
            _slots[name] = node == 0 ? 1 + _loop.Below(2) : _loop.Below(4);
            _nodes.Add(new SimNode(name) { Slowness = 1 + _loop.Below(2) });
        }
    }

    public int Faults { get; private set; }

    public int Started => _workers.Count;

    public int Fenced => _workers.Count(x => x.ExitCode == (int)WorkerExitCode.Fenced);

    public int Duplicates => _cluster.Duplicates;

    public int Resumed { get; private set; }

    public int Events => _loop.Events;

    public ulong Fingerprint => _loop.Fingerprint;

    public int TakeOvers => _store.Jobs.Sum(x => x.TakeOvers);

    public int Commits => _store.Jobs.Sum(x => x.Commits);

    public int Fallbacks => _store.Jobs.Sum(x => x.Fallbacks);

    /// <summary>Virtual seconds until every job was complete.</summary>
    public double Seconds => _loop.Now;

    /// <summary>Virtual seconds from the end of the faults until then.</summary>
    public double Recovery { get; private set; }

    /// <summary>Runs it; throws <see cref="InvariantException"/> where an invariant breaks, with the seed and the end of the log.</summary>
    public void Run()
    {
        // Whatever is awaited continues in the event that completes it, not on somebody's threads.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            foreach (var node in _nodes)
            {
                _loop.After(_loop.Between(0, 3), () => StartSilo(node));
            }

            _loop.After(1, Housekeeping);
            _loop.After(_loop.Between(1, 5), Misfortune);
            var end = _loop.Between(60, 150);
            if (!_loop.Run(end, Complete))
            {
                EndFaults();
                Require(
                    _loop.Run(end + Patience, Complete),
                    $"{Patience} s after the faults ended these jobs are not complete: {string.Join(", ", _store.Jobs.Where(x => x.Head?.Result is null).Select(x => x.Job))}.");
                Recovery = _loop.Now - end;
            }
        }
        catch (Exception exception)
        {
            var message = $"Seed {_seed}{(_flaw == FenceFlaw.None ? "" : $" with {_flaw}")} after {_loop.Events} events: {exception.Message}\n{_loop.Tail(60)}";
            throw exception is InvariantException ? new InvariantException(message) : new InvalidOperationException(message, exception);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    private static RunSpec Spec(string run, int experts)
    {
        var model = new ModelSpec { Preset = "nano" };
        return new RunSpec
        {
            Name = run,
            Data = new DataSpec { Images = "images" },
            Clustering = new ClusteringSpec { Clusters = experts },
            Expert = new TrainerSpec { Model = model, Training = new OptimizationSpec { Steps = 60 } },
            Router = new TrainerSpec { Model = model, Training = new OptimizationSpec { Steps = 30 } },
            Evaluation = new EvaluationSpec { Strategies = ["top-1"] },
        };
    }

    private bool Complete() => _left == 0;

    /// <summary>A job that was done before the story begins.</summary>
    private void Finish(JobId job)
    {
        var fence = JobFence.TakeOverAsync(_store, job, "before", $"before {job}", "start").GetAwaiter().GetResult();
        fence.CommitResultAsync(new JobResult { Job = job }).GetAwaiter().GetResult();
    }

    private SimGrain Activate(SimCluster cluster, SimSilo silo, string key)
    {
        var store = new SimStoreLink(_loop, silo.Process, silo.Node, _store, _faults);
        return key switch
        {
            SimScheduler.GrainKey => new SimScheduler(cluster, silo),
            SimSupervisor.GrainKey => new SimSupervisor(cluster, silo, [.. _runs.Select(x => x.Name)]),
            _ when key.StartsWith("run ", StringComparison.Ordinal) => new SimRun(cluster, silo, _runs.Single(x => SimRun.KeyOf(x.Name) == key), store),
            _ => new SimJob(cluster, silo, key, store, new RetryBudgetOptions(), () => string.Create(CultureInfo.InvariantCulture, $"c{++_claims}")),
        };
    }

    private void StartSilo(SimNode node)
    {
        var silo = new SimSilo(_cluster, node, _slots[node.Name], StartWorker);
        node.Silo = silo;
        _cluster.Join(silo);
        silo.Run();
    }

    private SimWorker StartWorker(SimSilo silo, string slot, JobId job, string claim)
    {
        // Work without checkpoints in between is short here.
        var total = _runs.SelectMany(x => x.Plan).First(x => x.Id == job).Total is > 0 and var steps ? steps : SimWorker.Interval / 2;
        var worker = new SimWorker(_loop, _store, silo, slot, job, claim, total, _faults, _flaw);
        Require(!_workers.Exists(x => !x.Ended && x.Silo == silo && x.Slot == slot), $"Slot {silo.Address}/{slot} runs two workers.");
        Require(_byClaim.TryAdd(claim, worker), $"The claim {claim} is used twice.");
        _workers.Add(worker);
        _loop.Log($"worker {claim} of {job} starts on {silo.Address}/{slot}");
        return worker;
    }

    /// <summary>
    /// What a take-over costs: at most one interval, and one more for every commit that the store did not take. What a fallback costs
    /// <see cref="HeadChecks"/> knows.
    /// </summary>
    private void OnHead(JobId job, JobHead? former, JobHead next)
    {
        if (next.Result is not null && former?.Result is null)
        {
            _left--;
            _loop.Log($"{job} is complete");
        }

        if (former is null || next.Epoch == former.Epoch || !_byClaim.TryGetValue(former.Claim, out var owner) || owner.Epoch != former.Epoch)
        {
            return;
        }

        var lost = owner.Step - next.Step;
        Require(
            lost <= (1 + owner.Missed) * SimWorker.Interval,
            $"The take-over of {job} by {next.Claim} in epoch {next.Epoch} lost {lost} steps with {owner.Missed} missed commits.");
    }

    private void Housekeeping()
    {
        _cluster.ExpireCalls();
        _loop.After(1, Housekeeping);
    }

    /// <summary>Everything that was broken is mended, and whatever failed for good is resumed as a person would.</summary>
    private void EndFaults()
    {
        _loop.Log("the faults end");
        _faults.On = _faults.Outage = false;
        foreach (var node in _nodes)
        {
            node.Isolated = node.StoreCut = false;
            if (node.Silo is { } silo)
            {
                Thaw(silo, group: true);
            }
        }

        foreach (var worker in _workers)
        {
            worker.Process.Thaw();
        }

        _loop.After(5, Resume);
    }

    private void Resume()
    {
        if (_cluster.Members.FirstOrDefault() is { } silo)
        {
            foreach (var run in _runs)
            {
                Resumed++;
                _cluster.Forget(silo, SimRun.KeyOf(run.Name), grain => ((SimRun)grain).ResumeAsync());
            }
        }

        _loop.After(60, Resume);
    }

    private void Misfortune()
    {
        if (!_faults.On)
        {
            return;
        }

        Faults++;
        var node = _loop.Pick(_nodes);
        var running = _workers.Where(x => !x.Ended).ToList();
        switch (_loop.Below(21))
        {
            case 0 when node.Silo is { Process.Dead: false } silo:
                _loop.Log($"{silo.Address} crashes");
                Crash(silo);
                break;
            case 1 when node.Silo is { Process.Dead: false } silo:
                _loop.Log($"{node.Name} loses its power");
                foreach (var worker in _workers.Where(x => x.Silo.Node == node))
                {
                    worker.Exit(137, "no power");
                }

                Crash(silo);
                break;
            case 2 or 3 or 17 when node.Silo is { Process: { Dead: false, Frozen: false } } silo:
                Freeze(silo, group: _loop.Chance(0.7));
                break;
            case 4 or 5 when !node.Isolated:
                Isolate(node);
                break;
            case 6 when !node.StoreCut:
                _loop.Log($"{node.Name} is cut from the store");
                node.StoreCut = true;
                _loop.After(_loop.Between(1, 40), () => node.StoreCut = false);
                break;
            case 7 when !_faults.Outage:
                _loop.Log("the store is out");
                _faults.Outage = true;
                _loop.After(_loop.Between(1, 20), () => _faults.Outage = false);
                break;
            case 8 or 9:
                _cluster.Duplicate(_loop.Pick([SimScheduler.GrainKey, SimSupervisor.GrainKey, .. _cluster.Keys]));
                break;
            case 10:
                _cluster.Deactivate(_loop.Chance(0.5) ? SimScheduler.GrainKey : SimSupervisor.GrainKey);
                break;
            case 11 when _cluster.Keys.ToList() is { Count: > 0 } keys:
                _cluster.Deactivate(_loop.Pick(keys));
                break;
            case 12 or 18 when running.Count > 0:
                _loop.Pick(running).Exit(134, "abort");
                break;
            case 13 when running.Count > 0:
                _loop.Pick(running).Exit(137, "out of memory", memoryKill: true);
                break;
            case 14 when running.Count > 0:
                _loop.Pick(running).Hangs = true;
                break;
            case 15 or 19 when _store.Jobs.Where(x => x.Head?.Result is null).ToList() is { Count: > 0 } open && _loop.Pick(open).Spoil() is { } name:
                _loop.Log($"{name} is damaged");
                _store.Damage(name);
                foreach (var worker in running.Where(x => name.StartsWith(x.Job.Folder, StringComparison.Ordinal) && _loop.Chance(0.7)))
                {
                    worker.Exit(134, "abort");
                }

                break;
            case 20 when running.Count > 0:
                var restless = _loop.Pick(running);
                _loop.Log($"{restless.Job} is asked to move to {node.Name}");
                _cluster.Forget(restless.Silo, SimJob.KeyOf(restless.Job), grain => ((SimJob)grain).MigrateAsync(node.Name, ""));
                break;
            case 16 when node.Silo is { Process: { Dead: false, Frozen: false }, Draining: false } silo:
                Drain(silo);
                break;
        }

        _loop.After(_faultEvery * _loop.Between(0.2, 1.8), Misfortune);
    }

    private void Crash(SimSilo silo)
    {
        silo.Process.Kill();
        foreach (var worker in silo.Workers)
        {
            worker.SiloGone();
        }

        _loop.After(_loop.Between(4, 12), () => _cluster.Declare(silo));
        _loop.After(_loop.Between(3, 20), () =>
        {
            if (silo.Node.Silo == silo)
            {
                StartSilo(silo.Node);
            }
        });
    }

    private void Freeze(SimSilo silo, bool group)
    {
        _loop.Log($"{silo.Address} is frozen{(group ? " with its workers" : "")}");
        silo.Process.Freeze();
        var freeze = silo.Process.Freezes;
        foreach (var worker in silo.Workers)
        {
            if (group)
            {
                worker.Process.Freeze();
            }
            else
            {
                _loop.After(15, () =>
                {
                    if (silo.Process.Frozen && silo.Process.Freezes == freeze)
                    {
                        worker.SiloGone();
                    }
                });
            }
        }

        _loop.After(_loop.Between(1, 80), () => Thaw(silo, group));
        Suspect(silo, () => silo.Process.Frozen && silo.Process.Freezes == freeze);
    }

    private void Thaw(SimSilo silo, bool group)
    {
        if (silo.Process is { Frozen: true, Dead: false })
        {
            _loop.Log($"{silo.Address} goes on");
            silo.Process.Thaw();
        }

        if (group)
        {
            foreach (var worker in silo.Workers.Where(x => x.Process.Frozen))
            {
                worker.Process.Thaw();
            }
        }

        LearnOwnDeath(silo);
    }

    private void Isolate(SimNode node)
    {
        _loop.Log($"{node.Name} is split from the others");
        node.Isolated = true;
        _loop.After(_loop.Between(1, 45), () =>
        {
            _loop.Log($"{node.Name} is back");
            node.Isolated = false;
            if (node.Silo is { } silo)
            {
                LearnOwnDeath(silo);
            }
        });
        if (node.Silo is { } isolated)
        {
            Suspect(isolated, () => node.Isolated);
        }
    }

    /// <summary>Membership declares a silo dead that does not answer for long enough.</summary>
    private void Suspect(SimSilo silo, Func<bool> silent) => _loop.After(_loop.Between(5, 15), () =>
    {
        if (silent() && _cluster.Members.Count > 1)
        {
            _cluster.Declare(silo);
        }
    });

    /// <summary>A silo that finds itself declared dead goes on for a moment, then ends its process.</summary>
    private void LearnOwnDeath(SimSilo silo)
    {
        if (!_cluster.Members.Contains(silo))
        {
            _loop.After(_loop.Between(0.1, 5), () => silo.Process.Post(() =>
            {
                _loop.Log($"{silo.Address} learns that it is dead");
                Crash(silo);
            }));
        }
    }

    private void Drain(SimSilo silo)
    {
        _loop.Log($"{silo.Address} drains");
        silo.Drain();
        foreach (var key in _cluster.Keys.ToList())
        {
            foreach (var grain in _cluster.Activations(key).Where(x => x.Silo == silo).ToList())
            {
                _loop.After(_loop.Between(0, 3), () => silo.Process.Post(() => _cluster.Move(grain, "")));
            }
        }

        _loop.After(_loop.Between(6, 20), () => silo.Process.Post(() =>
        {
            _cluster.Declare(silo);
            Crash(silo);
        }));
    }
}
