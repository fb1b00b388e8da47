using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Paris.Cluster.Tests;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Grains.Abstractions;
using Paris.Silo.Devices;
using Paris.Silo.Workers;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>
/// Silos in this process over one store, with the fake worker as child processes. They find each other as silos of several machines do,
/// so that any of them may go first.
/// </summary>
public sealed class ParisCluster : IAsyncDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly List<(string Name, IHost Host)> _silos = [];

    public ParisCluster(ITestOutputHelper output, string? store = null, params string[] worker)
    {
        _output = output;
        Folder = store ?? Directory.CreateTempSubdirectory("paris-silo-tests-").FullName;
        Worker = worker;
        Store = new LocalBlobStore(Folder, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
    }

    public string Folder { get; }

    public LocalBlobStore Store { get; }

    /// <summary>Arguments of the fake worker for silos started from now on.</summary>
    public string[] Worker { get; set; }

    /// <summary>For silos started from now on.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>For silos started from now on.</summary>
    public WatchdogSettings Watchdog { get; set; } = new();

    /// <summary>What the devices of silos started from now on are; null: what this machine has.</summary>
    public SlotFacts? Facts { get; set; }

    /// <summary>For silos started from now on.</summary>
    public RebalanceOptions Rebalance { get; set; } = new();

    /// <summary>Calls go through the silo started first that still runs.</summary>
    public IGrainFactory Grains => _silos[0].Host.Services.GetRequiredService<IGrainFactory>();

    public IRunGrain Run(string run = "demo") => Grains.GetGrain<IRunGrain>(run);

    /// <summary>What the workers did.</summary>
    internal IReadOnlyList<WorkerLife> Workers => WorkerLife.ReadAll(WorkerLogs);

    private string WorkerLogs => Path.Combine(Folder, "worker-logs");

    public IServiceProvider Services(string silo) => _silos.First(x => x.Name == silo).Host.Services;

    public static string Spec(int experts, string name = "demo", bool autoencoder = false, ulong seed = 42, ResourcesSpec? resources = null, params string[] strategies) =>
        Encoding.UTF8.GetString(RunSpecJson.Serialize(
            new RunSpec
            {
                Name = name,
                Seed = seed,
                Data = new DataSpec { Images = "images.gz" },
                Autoencoder = autoencoder ? new AutoencoderSpec() : null,
                Clustering = new ClusteringSpec { Clusters = experts },
                Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" }, Resources = resources },
                Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
                Evaluation = new EvaluationSpec { Strategies = strategies },
            }));

    public async Task StartSiloAsync(string name, int slots)
    {
        var ports = FreePorts.Pair();
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(new TestLogs(_output, name)).AddFilter("Paris", LogLevel.Information).AddFilter("Orleans", LogLevel.Error).AddFilter("Microsoft", LogLevel.Error);
        builder.Services.AddSingleton(Rebalance);
        if (Facts is { } facts)
        {
            builder.Services.AddSingleton<ISlotDetector>(new GivenSlots(slots, facts));
        }

        builder.AddParisSilo(new SiloSettings
        {
            Name = name,
            Role = slots == 0 ? SiloSettings.ControlRole : SiloSettings.DeviceRole,
            Store = Folder,
            Slots = slots == 0 ? null : slots,
            Gpus = false,
            SiloPort = ports.Silo,
            GatewayPort = ports.Gateway,
            ClusterId = "test-" + Path.GetFileName(Folder),
            Worker = ["dotnet", Path.Combine(AppContext.BaseDirectory, "Paris.FakeWorker.dll"), "--log", WorkerLogs, .. Worker],
            StopGrace = StopGrace,
            Watchdog = Watchdog,
            ReportPeriod = TimeSpan.FromSeconds(1),
        });
        var host = builder.Build();
        await host.StartAsync();
        _silos.Add((name, host));
        if (_silos.Count == 1)
        {
            await AnswersAsync();
        }
    }

    /// <summary>In the first moments of a cluster, official Orleans rejects calls: its directory is not whole yet.</summary>
    private async Task AnswersAsync()
    {
        for (var left = 50; ; left--)
        {
            try
            {
                await Grains.Supervisor().ListRunsAsync();
                await Grains.Scheduler().GetStatusAsync();
                return;
            }
            catch (OrleansMessageRejectionException) when (left > 0)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Drains: workers commit and stop, jobs move on.</summary>
    public async Task StopSiloAsync(string name)
    {
        var silo = _silos.First(x => x.Name == name);
        _silos.Remove(silo);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await silo.Host.StopAsync(limit.Token);
        silo.Host.Dispose();
    }

    /// <summary>No drain, no farewell: workers are killed, grains are gone.</summary>
    public async Task KillSiloAsync(string name)
    {
        var silo = _silos.First(x => x.Name == name);
        _silos.Remove(silo);
        try
        {
            await silo.Host.StopAsync(new CancellationToken(true));
        }
        catch (Exception exception)
        {
            // A killed silo may complain.
            _output.WriteLine($"killed {name}: {exception.GetType().Name}");
        }

        silo.Host.Dispose();
    }

    /// <summary>Every silo, the last started first.</summary>
    public async Task StopAllAsync(bool kill)
    {
        foreach (var (name, _) in _silos.AsEnumerable().Reverse().ToArray())
        {
            await (kill ? KillSiloAsync(name) : StopSiloAsync(name));
        }

    }

    /// <summary>Writes a result as if the job had run, so that a test begins where it wants to.</summary>
    public async Task FinishAsync(params string[] jobs)
    {
        foreach (var job in jobs.Select(x => JobId.Parse("demo/" + x)))
        {
            var fence = await JobFence.TakeOverAsync(Store, job, "test", Guid.NewGuid().ToString("N"), "start");
            await fence.CommitResultAsync(new JobResult { Job = job });
        }
    }

    /// <summary>All that comes before the experts, in pixel space.</summary>
    public Task FinishPreparationAsync() => FinishAsync("ingest", "extract", "assign", "partition");

    /// <summary>Waits until the run's status satisfies the condition; fails with the status after <paramref name="seconds"/>.</summary>
    public async Task<RunStatus> WaitAsync(string what, Func<RunStatus, bool> until, double seconds = 60, string run = "demo")
    {
        var started = TimeProvider.System.GetTimestamp();
        RunStatus? status = null;
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(started).TotalSeconds < seconds)
        {
            try
            {
                status = await Run(run).GetStatusAsync();
                last = null;
                if (until(status))
                {
                    _output.WriteLine($"{what}: after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
                    return status;
                }
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                // A silo is going away: the next call finds another.
                last = exception;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"Not within {seconds} s: {what}. {last?.Message} State {status?.State}, {status?.Phase}, {status?.Message}\n"
            + string.Join('\n', status?.Jobs.Select(x => $"{x.Key}: {x.State} {x.Step}/{x.Total} on {x.Silo}/{x.Slot} epoch {x.Epoch} retries {x.Retries} {x.Message}") ?? []));
        throw new InvalidOperationException();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAllAsync(kill: false);
        Directory.Delete(Folder, recursive: true);
    }

    private sealed class GivenSlots(int count, SlotFacts facts) : ISlotDetector
    {
        public IReadOnlyList<SlotDefinition> Detect() =>
            [.. Enumerable.Range(0, count).Select(i => new SlotDefinition($"gpu-{i}", facts.Model, new Dictionary<string, string>()) { Facts = facts })];
    }
}
