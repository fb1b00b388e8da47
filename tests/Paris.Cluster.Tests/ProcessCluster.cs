using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>
/// Silos and a gateway as processes on free ports of loopback, over one container of the emulator, with the fake worker. All that it
/// knows it learns as a person would: over HTTP, from the store, from what the processes print; and from the workers' logs.
/// </summary>
internal sealed class ProcessCluster : IAsyncDisposable
{
    private const string Token = "a-token-of-these-tests";


    private readonly ITestOutputHelper _output;
    private readonly string _location;
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-cluster-tests-").FullName;
    private readonly Dictionary<string, string> _environment;
    private readonly Dictionary<ClusterProcess, int> _ports = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Token) } };

    /// <summary>The first gateway's.</summary>
    private string? _url;

    /// <param name="output">Takes what the processes print.</param>
    /// <param name="connection">The emulator's connection string.</param>
    /// <param name="through">What the processes use in its place; null: the same.</param>
    /// <param name="worker">Arguments of the fake worker.</param>
    public ProcessCluster(ITestOutputHelper output, string connection, Func<string, string>? through = null, params string[] worker)
    {
        _output = output;
        var id = "c-" + Guid.NewGuid().ToString("N")[..12];
        var location = $"azure:{connection.TrimEnd(';')};container={id}";
        Store = BlobStoreFactory.Open(location);
        _location = through is null ? location : through(location);
        _environment = new()
        {
            ["Paris__Store"] = _location,
            ["Paris__ClusterId"] = id,
            ["Paris__Gpus"] = "false",
            ["Gateway__Token"] = Token,
            ["Logging__LogLevel__Default"] = "Warning",
            ["Logging__LogLevel__Orleans"] = "Error",
            ["Logging__LogLevel__Paris"] = "Information",
            ["Logging__LogLevel__Orleans.Runtime.MembershipService"] = "Information",
        };
        string[] command = ["dotnet", Program("Paris.FakeWorker"), "--log", WorkerLogs, .. worker];
        for (var i = 0; i < command.Length; i++)
        {
            _environment[$"Paris__Worker__{i}"] = command[i];
        }
    }

    /// <summary>Programs started from now on speak TLS, and silos listen on every address.</summary>
    public bool Tls { get; set; }

    /// <summary>The emulator itself, also where the processes go through a proxy.</summary>
    public IBlobStore Store { get; }

    public IReadOnlyList<WorkerLife> Workers => WorkerLife.ReadAll(WorkerLogs);

    private string WorkerLogs => Path.Combine(_folder, "workers");

    /// <summary>Starts a silo; it has joined when the task ends.</summary>
    public async Task<ClusterProcess> StartSiloAsync(string name, int slots)
    {
        var silo = LaunchSilo(name, slots);
        await WaitAsync($"silo {name} has joined", () => Task.FromResult(!silo.HasExited && silo.SaidAt(Offers(name)) is not null), 90);
        return silo;
    }

    /// <summary>Starts a silo and does not wait.</summary>
    public ClusterProcess LaunchSilo(string name, int slots)
    {
        var ports = FreePorts.Take(3);
        string[] slotsOrNone = slots == 0 ? ["--role", "control"] : ["--slots", $"{slots}"];
        return Launch(
            name,
            "Paris.Silo",
            ["--name", name, .. slotsOrNone, "--silo-port", $"{ports[0]}", "--gateway-port", $"{ports[1]}", "--http-url", $"http://127.0.0.1:{ports[2]}"],
            ports[2]);
    }

    /// <summary>What a silo prints once it is active and its agent runs.</summary>
    public static string Offers(string silo) => $"Silo {silo} offers";

    /// <summary>Starts the gateway; it has reached a silo when the task ends.</summary>
    public async Task<ClusterProcess> StartGatewayAsync()
    {
        var gateway = LaunchGateway();
        await WaitAsync("the gateway is ready", async () => (await ProbeAsync(gateway, "/readyz"))?.Status == HttpStatusCode.OK, 60);
        return gateway;
    }

    /// <summary>Starts the gateway and does not wait.</summary>
    public ClusterProcess LaunchGateway()
    {
        var port = FreePorts.Take(1)[0];
        _url ??= $"http://127.0.0.1:{port}";
        return Launch("gateway", "Paris.Gateway", ["--url", $"http://127.0.0.1:{port}"], port);
    }

    /// <summary>GETs a path of a silo's or the gateway's HTTP port; null when it does not answer.</summary>
    public async Task<(HttpStatusCode Status, string Text)?> ProbeAsync(ClusterProcess process, string path)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{_ports[process]}{path}"));
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>Submits a run whose preparation and router are done, so that its experts begin at once.</summary>
    public async Task SubmitAsync(int experts)
    {
        foreach (var job in (string[])["ingest", "extract", "assign", "partition", "router"])
        {
            var fence = await JobFence.TakeOverAsync(Store, JobId.Parse("demo/" + job), "test", Guid.NewGuid().ToString("N"), "start");
            await fence.CommitResultAsync(new JobResult { Job = JobId.Parse("demo/" + job) });
        }

        var spec = new RunSpec
        {
            Name = "demo",
            Data = new DataSpec { Images = "images.gz" },
            Clustering = new ClusteringSpec { Clusters = experts },
            Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
            Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
            Evaluation = new EvaluationSpec { Strategies = [] },
        };
        using var content = new StringContent(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec)), Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"{_url}/api/v1/runs"), content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<ClusterView> ClusterAsync() => (await _http.GetFromJsonAsync<ClusterView>($"{_url}/api/v1/cluster", RestJson.Wire))!;

    public async Task<IReadOnlyList<JobView>> ExpertsAsync()
        => [.. (await _http.GetFromJsonAsync<RunView>($"{_url}/api/v1/runs/demo", RestJson.Wire))!.Jobs.Where(x => x.Kind == "expert")];

    /// <summary>Waits until so many experts run with a commit each.</summary>
    public async Task<IReadOnlyList<JobView>> WaitForExpertsAsync(int running, double seconds = 60)
    {
        IReadOnlyList<JobView> experts = [];
        await WaitAsync($"{running} experts run", async () =>
        {
            experts = await ExpertsAsync();
            return experts.Count(x => x is { State: "running", CommittedStep: > 0 }) == running;
        }, seconds, () => string.Join('\n', experts));
        return experts;
    }

    /// <summary>Waits for a condition, asked every 100 ms; whatever it throws counts as not yet.</summary>
    public async Task WaitAsync(string what, Func<Task<bool>> condition, double seconds, Func<string>? detail = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        var last = "";
        while (TimeProvider.System.GetElapsedTime(started).TotalSeconds < seconds)
        {
            try
            {
                if (await condition())
                {
                    _output.WriteLine($"{TimeProvider.System.GetUtcNow():mm:ss.fff} test: {what}, after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
                    return;
                }

                last = "";
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or StorageFaultException)
            {
                last = exception.Message;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"Not within {seconds} s: {what}. {last}\n{detail?.Invoke()}");
    }

    /// <summary>Writes PEM files and names them to programs started from now on.</summary>
    public void NameCertificate(string certificate, string key, string authority)
    {
        foreach (var (name, pem) in new[] { ("Certificate", certificate), ("Key", key), ("Authority", authority) })
        {
            var file = _environment["Paris__Tls__" + name] = Path.Combine(_folder, $"{Guid.NewGuid():N}.pem");
            File.WriteAllText(file, pem);
        }
    }

    /// <summary>Every checkpoint that a head names is there and has its hash.</summary>
    public async Task<IReadOnlyDictionary<string, JobHead>> CheckHeadsAsync(int experts)
    {
        Dictionary<string, JobHead> heads = [];
        foreach (var job in Enumerable.Range(0, experts).Select(k => JobId.ForExpert("demo", k)))
        {
            // A commit meanwhile may drop an entry: then the head is another one, and is read again.
            for (JobHead? head = null; ;)
            {
                var now = (await JobFence.ReadHeadAsync(Store, job))!;
                if (head is not null && head.Checkpoints.SequenceEqual(now.Checkpoints))
                {
                    Assert.Fail($"{job.Key}: the head names a checkpoint that is missing or damaged: {string.Join(", ", head.Checkpoints)}");
                }

                head = now;
                var contents = await Task.WhenAll(head.Checkpoints.Select(x => Store.GetAsync(x.Name)));
                if (contents.Zip(head.Checkpoints).All(x => x.First is { } content && Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content.Bytes)) == x.Second.Sha256))
                {
                    heads[job.Key] = head;
                    break;
                }
            }
        }

        return heads;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var process in _ports.Keys)
        {
            process.Dispose();
        }

        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private ClusterProcess Launch(string name, string program, IEnumerable<string> arguments, int httpPort)
    {
        var process = new ClusterProcess(
            _output,
            name,
            Program(Tls ? "Paris.Tls" : program),
            _environment,
            !Tls ? arguments
                : program == "Paris.Silo" ? ["silo", .. arguments, "--listen", "0.0.0.0", "--advertised-address", "127.0.0.1"]
                : ["gateway", .. arguments]);
        _ports[process] = httpPort;
        return process;
    }

    // The build's layout: bin/PROJECT/CONFIGURATION/.
    private static string Program(string project)
    {
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here), project + ".dll"));
    }
}
