using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Paris.Cluster.Tests;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Grains;
using Paris.Grains.Abstractions;
using Paris.Grains.Membership;

namespace Paris.Benchmarks.ControlPlane;

/// <summary>Processor time of many experts' control plane above the same silos idle, in one process, on whichever engine this was built with.</summary>
internal static class ControlPlaneBenchmark
{
    private const string Run = "many";

    public static async Task RunAsync(ControlPlaneOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("paris-bench-");
        var hosts = new List<IHost>();
        try
        {
            var store = new LocalBlobStore(folder.FullName, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
            var slots = (options.Experts + options.Silos) / options.Silos;
            Say($"{options.Silos} silos of {slots} slots on {Engine}, {Environment.ProcessorCount} processors, load {Load}");
            var ports = FreePorts.Take(2 * options.Silos);
            hosts.AddRange(Enumerable.Range(0, options.Silos).Select(i => Build($"silo-{i:00}", slots, store, (ports[2 * i], ports[(2 * i) + 1]))));
            await hosts[0].StartAsync();
            foreach (var group in hosts.Skip(1).Chunk(8))
            {
                await Task.WhenAll(group.Select(x => x.StartAsync()));
            }

            var grains = hosts[0].Services.GetRequiredService<IGrainFactory>();
            var agents = hosts.Select(x => x.Services.GetRequiredService<InProcessAgent>()).ToArray();
            await UntilAsync("all silos have reported", async () => (await grains.Scheduler().GetStatusAsync()).Silos.Length == options.Silos);
            var idle = await MeasureAsync(options);
            Say($"idle before: {idle}");

            foreach (var kind in (JobKind[])[JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition])
            {
                var fence = await JobFence.TakeOverAsync(store, new JobId(Run, kind), "bench", Guid.NewGuid().ToString("N"), "start");
                await fence.CommitResultAsync(new JobResult { Job = new JobId(Run, kind) });
            }

            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var submitted = TimeProvider.System.GetTimestamp();
            var submit = grains.GetGrain<IRunGrain>(Run).SubmitAsync(Spec(options.Experts));
            var (last, changed) = (-1, submitted);
            while (agents.Sum(x => x.Running) is var running && running < options.Experts + 1)
            {
                // As long as it goes on it may take its time.
                (last, changed) = running > last ? (running, TimeProvider.System.GetTimestamp()) : (last, changed);
                if (TimeProvider.System.GetElapsedTime(changed) > TimeSpan.FromMinutes(2))
                {
                    throw new InvalidOperationException($"Only {running} of {options.Experts + 1} jobs run, and no further one has started for 2 minutes. {(submit.IsFaulted ? submit.Exception.Message : "")}");
                }

                await Task.Delay(50);
            }

            var placed = TimeProvider.System.GetElapsedTime(submitted);
            var placing = Process.GetCurrentProcess().TotalProcessorTime - before;
            Say($"{options.Experts} experts and a router placed from cold in {placed.TotalSeconds:0.0} s ({placing.TotalSeconds:0.0} s of processor time)");
            var busy = await MeasureAsync(options);
            Say($"steady: {busy}");

            // Idle again: what was compiled on the way is compiled for both now, and the lower of the two is what counts.
            await grains.GetGrain<IRunGrain>(Run).CancelAsync();
            await UntilAsync("all workers have stopped", () => Task.FromResult(agents.All(x => x.Running == 0)));
            var after = await MeasureAsync(options);
            Say($"idle after: {after}");
            var above = busy.Processor - Math.Min(idle.Processor, after.Processor);
            Say($"control plane of {options.Experts} experts above the same silos idle: {above:P1} of a core");
            if (options.Json)
            {
                Console.WriteLine(JsonSerializer.Serialize(
                    new
                    {
                        engine = Engine,
                        silos = options.Silos,
                        experts = options.Experts,
                        seconds = options.Seconds,
                        idle,
                        steady = busy,
                        after,
                        above,
                        placeSeconds = placed.TotalSeconds,
                        placeProcessorSeconds = placing.TotalSeconds,
                    },
                    JsonSerializerOptions.Web));
            }

            void Say(string line) => (options.Json ? Console.Error : Console.Out).WriteLine(line);
        }
        finally
        {
            // Nothing is drained: the process ends with them.
            await Task.WhenAll(hosts.AsEnumerable().Reverse().Select(StopAsync));
            Remove(folder);
        }
    }

    private static string Engine
    {
        get
        {
            var assembly = typeof(Grain).Assembly;
            return assembly.GetName().Name!.Contains("Compat", StringComparison.Ordinal)
                ? "the stand-in for Orleans"
                : $"Microsoft Orleans {FileVersionInfo.GetVersionInfo(assembly.Location).ProductVersion?.Split('+')[0]}";
        }
    }

    private static string Load => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    private static async Task<Measured> MeasureAsync(ControlPlaneOptions options)
    {
        await Task.Delay(TimeSpan.FromSeconds(options.WarmUp));
        var process = Process.GetCurrentProcess();
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        var (cpu, started) = (process.TotalProcessorTime, TimeProvider.System.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(options.Seconds));
        process.Refresh();
        return new Measured((process.TotalProcessorTime - cpu) / TimeProvider.System.GetElapsedTime(started), heap, process.WorkingSet64);
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(3))
            {
                throw new InvalidOperationException($"Not within 3 minutes: {what}.");
            }

            await Task.Delay(100);
        }
    }

    private static IHost Build(string name, int slots, IBlobStore store, (int Silo, int Gateway) ports)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddLogging(logging => logging.AddFilter(_ => false));
        builder.Services.AddSingleton(store);
        builder.Services.AddParisGrains();
        builder.Services.AddSingleton(x => ActivatorUtilities.CreateInstance<InProcessAgent>(x, name, slots));
        builder.Services.AddSingleton<IDeviceAgent>(x => x.GetRequiredService<InProcessAgent>());
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(x => (x.ClusterId, x.ServiceId) = ("bench", "bench"));
            silo.Configure<EndpointOptions>(x => (x.AdvertisedIPAddress, x.SiloPort, x.GatewayPort) = (IPAddress.Loopback, ports.Silo, ports.Gateway));
            silo.Configure<SiloOptions>(x => x.SiloName = name);
            silo.UseBlobClustering();

            // So many silos on few processors answer probes late, and would vote each other dead.
            silo.Configure<ClusterMembershipOptions>(x => x.ProbeTimeout = TimeSpan.FromSeconds(20));
            silo.AddDistributedGrainDirectory();
        });
        builder.Services.AddHostedService(x => x.GetRequiredService<InProcessAgent>());
        return builder.Build();
    }

    private static async Task StopAsync(IHost host)
    {
        try
        {
            await host.StopAsync(new CancellationToken(canceled: true)).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException or AggregateException or OrleansException)
        {
            // It was not given time.
        }

        host.Dispose();
    }

    private static void Remove(DirectoryInfo folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                folder.Delete(recursive: true);
                return;
            }
            catch (IOException) when (attempt < 50)
            {
                // A write that was under way when the silos stopped.
                Thread.Sleep(100);
            }
        }
    }

    private static string Spec(int experts) => Encoding.UTF8.GetString(RunSpecJson.Serialize(new RunSpec
    {
        Name = Run,
        Data = new DataSpec { Images = "images.gz" },
        Clustering = new ClusteringSpec { Clusters = experts, FineClusters = Math.Max(experts, 1024) },
        Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
        Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
        Evaluation = new EvaluationSpec { Strategies = [] },
    }));

    /// <summary>Processor time a second, bytes of live objects, and resident bytes.</summary>
    private sealed record Measured(double Processor, long Heap, long WorkingSet)
    {
        public override string ToString() => $"{Processor:P1} of a core, {Heap >> 20} MiB live, {WorkingSet >> 20} MiB resident";
    }
}
