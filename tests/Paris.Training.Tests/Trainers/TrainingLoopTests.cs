using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Jobs;
using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

public sealed class TrainingLoopTests : IDisposable
{
    private static readonly JobId _job = JobId.ForExpert("tiny", 0);

    private static readonly OptimizationSpec _spec = new()
    {
        Steps = 30,
        Batch = 8,
        LearningRate = 1e-2,
        Schedule = "linear",
        Warmup = 0.1,
        EmaDecay = 0.9,
        CheckpointEvery = 7,
        PreviewEvery = 0,
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("paris-loop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_training_learns_and_leaves_its_checkpoints_and_trace()
    {
        var reporter = new RecordingReporter();
        var store = Open("a");
        var outcome = Run(store, new Life { Reporter = reporter }, _spec with { Steps = 200, CheckpointEvery = 50 });
        Assert.Equal(200, outcome.Record.Step);
        Assert.Equal(200, outcome.Record.OptimizerStep);
        var head = JobContext.Await(JobFence.ReadHeadAsync(store, _job))!;
        Assert.Equal(200, head.Checkpoints[0].Step);
        Assert.Equal(2, head.Checkpoints.Count);
        Assert.Contains(200L, reporter.Commits);

        var trace = System.Text.Encoding.UTF8.GetString(JobContext.Await(store.GetAsync(_job.Folder + "loss-e1.jsonl"))!.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(201, trace.Length);
        var losses = trace[1..].Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble()).ToArray();
        Assert.True(losses[^50..].Average() < losses[..50].Average() * 0.95, $"{losses[..50].Average()} → {losses[^50..].Average()}");
    }

    /// <summary>
    /// The headline: killed at any moment (any point of the loop, any write to the store, before or after it took effect), right after a
    /// skipped batch too, with checkpoints at other steps than the undisturbed run's, the weights at the last step have the same SHA-256.
    /// </summary>
    [Fact]
    public void A_killed_training_ends_with_the_weights_of_an_undisturbed_one()
    {
        static double Fault(long step, double loss) => step is 9 or 10 or 24 ? double.NaN : loss;
        var undisturbed = Run(Open("undisturbed"), new Life { LossFilter = Fault }, _spec);
        Assert.Equal([9L, 10L, 24L], undisturbed.Record.SkippedSteps);
        Assert.Equal(27, undisturbed.Record.OptimizerStep);

        var deaths = 0;
        for (var trial = 0; trial < 40; trial++)
        {
            var store = Open($"trial-{trial}");
            var random = new PhiloxKey(99, RandomPurpose.Simulation, step: trial).Stream();
            TrainingOutcome? outcome = null;
            for (var life = 0; outcome is null; life++)
            {
                Assert.True(life < 200, "The training never ends.");
                var point = random.NextInt(120);
                var calls = 0;
                var dying = random.NextInt(2) == 0 ? new CrashingStore(store, 1 + random.NextInt(12), random.NextInt(2) == 0) : null;
                var checkpointAt = random.NextInt(60);
                JobContext? context = null;
                try
                {
                    outcome = Run((IBlobStore?)dying ?? store, new Life
                    {
                        LossFilter = Fault,
                        OnStart = started => context = started,
                        FaultPoint = (_, step) =>
                        {
                            if (step == checkpointAt)
                            {
                                context!.RequestCheckpoint();
                            }

                            if (dying is null && Interlocked.Increment(ref calls) == point)
                            {
                                throw new SimulatedCrash();
                            }
                        },
                    }, _spec);
                }
                catch (SimulatedCrash)
                {
                    deaths++;
                }
            }

            Assert.Equal(undisturbed.WeightsHash, outcome.WeightsHash);
            Assert.Equal(undisturbed.Record.SkippedSteps, outcome.Record.SkippedSteps);
            Assert.Equal(undisturbed.Record.GuardWindow, outcome.Record.GuardWindow);
        }

        Assert.True(deaths > 60, $"Only {deaths} deaths were simulated.");
    }

    [Fact]
    public void Micro_batches_train_as_the_whole_batch_up_to_rounding()
    {
        var whole = Run(Open("whole"), new Life(), _spec);
        var parts = Run(Open("parts"), new Life(), _spec with { Accumulate = 4 });
        Assert.Equal(whole.Loss, parts.Loss, 1e-4);
        Assert.Equal(4, parts.Record.MicroBatches);
    }

    /// <summary>
    /// A split that want of memory brought is part of the checkpoint: with it a killed training ends bit by bit as an undisturbed one with the
    /// same split, and it stays where the grain's record of it is lost.
    /// </summary>
    [Fact]
    public void A_split_is_resumed_bit_by_bit_and_stays()
    {
        var undisturbed = Run(Open("split"), new Life { Split = 3 }, _spec with { Accumulate = 2 });
        Assert.Equal(6, undisturbed.Record.MicroBatches);

        var store = Open("split-killed");
        foreach (var (split, at) in new[] { (3, 9), (3, 17), (1, 23) })
        {
            Assert.Throws<SimulatedCrash>(() => Run(store, new Life { Split = split, FaultPoint = (point, step) => Die(point, step, at) }, _spec with { Accumulate = 2 }));
        }

        var outcome = Run(store, new Life { Split = 1 }, _spec with { Accumulate = 2 });
        Assert.Equal(6, outcome.Record.MicroBatches);
        Assert.Equal(undisturbed.WeightsHash, outcome.WeightsHash);

        // No more parts than samples.
        Assert.Equal(8, Run(Open("split-far"), new Life { Split = 64 }, _spec).Record.MicroBatches);

        static void Die(string point, long step, long at)
        {
            if (point == "backward" && step == at)
            {
                throw new SimulatedCrash();
            }
        }
    }

    /// <summary>A finite spike, too, goes back to the last good state and is skipped; the decision survives every kill, and each is told once.</summary>
    [Fact]
    public void A_spike_is_undone_and_skipped_bit_by_bit()
    {
        static double Spike(long step, double loss) => step is 45 or 52 ? 60 * loss : loss;
        var spec = _spec with { Steps = 60 };
        var reporter = new RecordingReporter();
        var undisturbed = Run(Open("spike"), new Life { LossFilter = Spike, Reporter = reporter }, spec);
        Assert.Equal([45L, 52L], undisturbed.Record.SkippedSteps);
        Assert.Equal(58, undisturbed.Record.OptimizerStep);
        Assert.Equal([(1.0, 45L), (2.0, 52L)], reporter.Metrics.Where(metric => metric.Name == "rollbacks").Select(metric => (metric.Value, metric.Step)));
        Assert.Contains(reporter.Logs, line => line.Contains("is above", StringComparison.Ordinal) && line.Contains("back to step", StringComparison.Ordinal));

        foreach (var at in new[] { 43, 44, 45, 46, 50, 53 })
        {
            // Killed around the bad steps, with a checkpoint just before: where the former run had none.
            var store = Open($"spike-{at}");
            JobContext? context = null;
            Assert.Throws<SimulatedCrash>(() => Run(store, new Life
            {
                LossFilter = Spike,
                OnStart = started => context = started,
                FaultPoint = (point, step) =>
                {
                    if (point == "updated" && step == at - 2)
                    {
                        context!.RequestCheckpoint();
                    }

                    if (point == "loaded" && step == at + 1)
                    {
                        throw new SimulatedCrash();
                    }
                },
            }, spec));
            var outcome = Run(store, new Life { LossFilter = Spike }, spec);
            Assert.Equal(undisturbed.Record.SkippedSteps, outcome.Record.SkippedSteps);
            Assert.Equal(undisturbed.WeightsHash, outcome.WeightsHash);
        }
    }

    [Fact]
    public void A_stop_commits_and_the_next_start_goes_on_there()
    {
        var store = Open("stop");
        JobContext? context = null;
        var stopped = Assert.Throws<StoppedException>(() => Run(store, new Life
        {
            OnStart = started => context = started,
            FaultPoint = (point, step) =>
            {
                if (point == "updated" && step == 12)
                {
                    context!.RequestStop("the silo drains");
                }
            },
        }, _spec));
        Assert.Contains("the silo drains", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(13, JobContext.Await(JobFence.ReadHeadAsync(store, _job))!.Step);

        var reporter = new RecordingReporter();
        var outcome = Run(store, new Life { Reporter = reporter }, _spec);
        Assert.Equal((13, 30), reporter.Start);
        Assert.Equal(Run(Open("other"), new Life(), _spec).WeightsHash, outcome.WeightsHash);
    }

    [Fact]
    public void Three_bad_steps_in_a_row_diverge()
    {
        var error = Assert.Throws<DivergedException>(() => Run(Open("diverge"), new Life { LossFilter = (step, loss) => step >= 16 ? double.PositiveInfinity : loss }, _spec));
        Assert.Contains("diverged at step 18", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_was_taken_over_commits_nothing()
    {
        var store = Open("fence");
        Assert.Throws<FencedException>(() => Run(store, new Life
        {
            FaultPoint = (point, step) =>
            {
                if (point == "updated" && step == 8)
                {
                    JobContext.Await(JobFence.TakeOverAsync(store, _job, "other", Claim(), "resume"));
                }
            },
        }, _spec));
        Assert.All(JobContext.Await(JobFence.ReadHeadAsync(store, _job))!.Checkpoints, checkpoint => Assert.True(checkpoint.Step <= 7));
    }

    [Fact]
    public void An_outage_of_the_store_costs_no_checkpoint()
    {
        var store = new FlakyStore(Open("outage"));
        var reporter = new RecordingReporter();
        var outcome = Run(store, new Life
        {
            Reporter = reporter,
            FaultPoint = (point, step) =>
            {
                store.Refuse = point == "updated" ? step is >= 5 and < 9 : store.Refuse;
                if (point == "updated" && step == 8)
                {
                    // The outage lasts until the checkpoint of step 7, written on another thread, has met it.
                    SpinWait.SpinUntil(() => store.Refused > 0, TimeSpan.FromSeconds(30));
                }
            },
        }, _spec);
        Assert.Equal(30, outcome.Record.Step);
        Assert.True(store.Refused > 0);
        Assert.Contains(reporter.Logs, line => line.Contains("trying again", StringComparison.Ordinal));
        Assert.Equal(30, JobContext.Await(JobFence.ReadHeadAsync(store, _job))!.Step);
    }

    /// <summary>
    /// A store that is out for 45 s (of a clock that goes on with the steps): training goes on without a stall, one snapshot is in hand, it is
    /// committed when the store is back, and at the next step boundary a fresh one after it.
    /// </summary>
    [Fact]
    public void Through_an_outage_of_45_seconds_training_goes_on()
    {
        var time = new ManualTime();
        var store = new FlakyStore(Open("outage-45"));
        var reporter = new RecordingReporter();
        var snapshots = new List<long>();
        var began = TimeSpan.Zero;
        var backAt = 0L;
        var outcome = Run(store, new Life
        {
            Time = time,
            Reporter = reporter,
            FaultPoint = (point, step) =>
            {
                if (point == "snapshot")
                {
                    snapshots.Add(step);
                }
                else if (point == "updated" && step == 6)
                {
                    store.Refuse = true;
                    began = time.Elapsed;
                }
                else if (point == "updated" && store.Refuse)
                {
                    // A second a step at least, and until the writer has met the outage once more.
                    var refused = store.Refused;
                    do
                    {
                        time.Advance(TimeSpan.FromSeconds(1));
                    }
                    while (!SpinWait.SpinUntil(() => store.Refused > refused, 5));
                    if (time.Elapsed - began > TimeSpan.FromSeconds(45))
                    {
                        store.Refuse = false;
                        backAt = step;
                        while (!reporter.Commits.Contains(7))
                        {
                            time.Advance(TimeSpan.FromSeconds(1));
                            Thread.Yield();
                        }
                    }
                }
            },
        }, _spec with { Steps = 200 });

        Assert.True(backAt > 7, "no step was made during the outage");
        Assert.Equal(7, snapshots[0]);
        Assert.True(snapshots[1] > backAt, $"a second snapshot was taken at step {snapshots[1]}, before the store was back at {backAt}");
        Assert.Equal(200, outcome.Record.Step);
        Assert.Equal(200, JobContext.Await(JobFence.ReadHeadAsync(store, _job))!.Step);
        Assert.Equal(1, outcome.Record.Epoch);
        Assert.Contains(reporter.Metrics, metric => metric.Name == "checkpoint-retries");
        Assert.All(reporter.Metrics.Where(metric => metric.Name == "checkpoint-stall-seconds"), metric => Assert.Equal(0, metric.Value));
        Assert.Equal(Run(Open("no-outage"), new Life(), _spec with { Steps = 200 }).WeightsHash, outcome.WeightsHash);
    }

    [Fact]
    public void An_outage_longer_than_the_limit_ends_as_a_storage_fault()
    {
        var time = new ManualTime();
        var store = new FlakyStore(Open("outage-long"));
        var reporter = new RecordingReporter();
        var fault = Assert.Throws<StorageFaultException>(() => Run(store, new Life
        {
            Time = time,
            Reporter = reporter,
            FaultPoint = (point, step) =>
            {
                store.Refuse |= step == 8;
                if (point == "updated")
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    Thread.Yield();
                }
            },
        }, _spec with { Steps = 1_000_000 }));
        Assert.Contains("10 minutes", fault.Message, StringComparison.Ordinal);
        Assert.True(time.Elapsed > CheckpointWriter.GiveUpAfter);
    }

    [Fact]
    public void A_checkpoint_of_another_spec_is_refused()
    {
        var store = Open("spec");
        Run(store, new Life(), _spec);
        var error = Assert.Throws<Core.ParisInputException>(() => Run(store, new Life { Seed = 77 }, _spec));
        Assert.Contains("another spec", error.Message, StringComparison.Ordinal);
    }

    private static string Claim() => System.Security.Cryptography.RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static TrainingOutcome Run(IBlobStore store, Life life, OptimizationSpec spec)
    {
        var context = new JobContext
        {
            Spec = new RunSpec
            {
                Name = "tiny",
                Seed = life.Seed,
                Data = new DataSpec { Images = "none" },
                Expert = new TrainerSpec { Model = new ModelSpec(), Training = spec },
                Router = new TrainerSpec { Model = new ModelSpec() },
            },
            Job = _job,
            Store = store,
            Fence = JobContext.Await(JobFence.TakeOverAsync(store, _job, "test", Claim(), "start")),
            Reporter = life.Reporter,
            Split = life.Split,
            Time = life.Time,
        };
        life.OnStart?.Invoke(context);
        using var task = new TinyTask(life.Seed, spec.Batch);
        using var loop = new TrainingLoop(context, task, spec) { FaultPoint = life.FaultPoint, LossFilter = life.LossFilter };
        return loop.Run();
    }

    private LocalBlobStore Open(string name) => new(Path.Combine(_folder, name), TimeProvider.System);

    /// <summary>One start of a worker.</summary>
    private sealed record Life
    {
        public ulong Seed { get; init; } = 11;

        public int Split { get; init; } = 1;

        public TimeProvider Time { get; init; } = TimeProvider.System;

        public RecordingReporter Reporter { get; init; } = new();

        public Action<JobContext>? OnStart { get; init; }

        public Action<string, long>? FaultPoint { get; init; }

        public Func<long, double, double>? LossFilter { get; init; }
    }
}
