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

        public RecordingReporter Reporter { get; init; } = new();

        public Action<JobContext>? OnStart { get; init; }

        public Action<string, long>? FaultPoint { get; init; }

        public Func<long, double, double>? LossFilter { get; init; }
    }
}
