using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Paris.Cluster.Tests;

namespace Paris.Deploy.Tests;

/// <summary>
/// Command, arguments and environment of the rendered pods start the real programs: what the chart says is what the programs
/// understand. Paths of the image become paths of the build, ports become free ones, the pod's address is loopback.
/// </summary>
public sealed class PodProcessTests
{
    [Theory]
    [InlineData("control")]
    [InlineData("pool-cpu")]
    public async Task ASiloPodRunsReadyAndDrains(string component)
    {
        using var store = new Folder();
        var rendered = Rendered.Of("minimal", $"store.location={store.Path}");
        using var pod = new Pod(rendered, rendered.Only("Deployment", component));

        await pod.WaitAsync("startupProbe");
        await pod.WaitAsync("readinessProbe");

        Assert.Contains("paris_slots", await pod.GetAsync("metrics", "/metrics"));
        Assert.Equal(0, await pod.TerminateAsync());
    }

    [Fact]
    public async Task TheGatewayPodServesAndWantsItsToken()
    {
        using var store = new Folder();
        var rendered = Rendered.Of("minimal", $"store.location={store.Path}");
        using var pod = new Pod(rendered, rendered.Only("Deployment", "gateway"));

        await pod.WaitAsync("startupProbe");

        Assert.Equal(HttpStatusCode.Unauthorized, await pod.StatusAsync("http", "/api/v1/runs"));
        await pod.TerminateAsync();
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("paris-pod-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    private sealed class Pod : IDisposable
    {
        private readonly Yaml _container;
        private readonly Dictionary<string, int> _ports;
        private readonly Process _process;
        private readonly ConcurrentQueue<string> _lines = new();
        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

        public Pod(Rendered rendered, Yaml deployment)
        {
            _container = Rendered.Container(deployment);
            var declared = _container["ports"].Items.ToDictionary(x => x["name"].Text, x => x["containerPort"].Text);
            _ports = declared.Keys.Zip(FreePorts.Take(declared.Count)).ToDictionary();
            var command = _container["command"].Items.Concat(_container["args"].Items).Select(x => Local(x.Text)).ToArray();
            var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in rendered.Environment(deployment, $"{deployment.At("metadata/name").Text}-5d4f8c7b9-x2x2x", "127.0.0.1"))
            {
                start.Environment[name] = declared.Aggregate(Local(value), (text, port) => text == port.Value || text.EndsWith(":" + port.Value, StringComparison.Ordinal)
                    ? text[..^port.Value.Length] + _ports[port.Key]
                    : text);
            }

            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, e) => _lines.Enqueue(e.Data ?? "");
            _process.ErrorDataReceived += (_, e) => _lines.Enqueue(e.Data ?? "");
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        /// <summary>Asks as a kubelet would until the probe passes; the test's own patience is a minute.</summary>
        public async Task WaitAsync(string probe)
        {
            var call = _container[probe]["httpGet"];
            Assert.True(call.Exists, probe);
            var answer = "";
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromMinutes(1);)
            {
                Assert.False(_process.HasExited, $"ended with code {(_process.HasExited ? _process.ExitCode : 0)}:\n{string.Join('\n', _lines)}");
                try
                {
                    using var response = await _http.GetAsync(Url(call["port"].Text, call["path"].Text));
                    answer = $"{response.StatusCode} {await response.Content.ReadAsStringAsync()}";
                    if (response.IsSuccessStatusCode)
                    {
                        return;
                    }
                }
                catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
                {
                    answer = exception.Message;
                }

                await Task.Delay(100);
            }

            Assert.Fail($"{probe} does not pass ({answer}):\n{string.Join('\n', _lines)}");
        }

        public Task<string> GetAsync(string port, string path) => _http.GetStringAsync(Url(port, path));

        public async Task<HttpStatusCode> StatusAsync(string port, string path)
        {
            using var response = await _http.GetAsync(Url(port, path));
            return response.StatusCode;
        }

        /// <summary>What a kubelet does first: SIGTERM, then the grace period.</summary>
        public async Task<int> TerminateAsync()
        {
            Assert.Equal(0, Kill(_process.Id, 15));
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(75));
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }

            _process.Dispose();
            _http.Dispose();
        }

        private static string Local(string text) => text switch
        {
            "/app/silo/Paris.Silo.dll" => Repository.Built("Paris.Silo"),
            "/app/gateway/Paris.Gateway.dll" => Repository.Built("Paris.Gateway"),
            "/app/worker/Paris.Worker.dll" => Repository.Built("Paris.FakeWorker"),
            _ => text,
        };

        [DllImport("libc", EntryPoint = "kill")]
        private static extern int Kill(int process, int signal);

        private string Url(string port, string path) => $"http://127.0.0.1:{_ports[port]}{path}";
    }
}
