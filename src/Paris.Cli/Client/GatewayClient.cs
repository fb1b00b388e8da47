using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Cli.Client;

/// <summary>REST v1 as methods.</summary>
public sealed class GatewayClient : IDisposable
{
    private readonly HttpClient _http;

    public GatewayClient(string url, string? token)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            BaseAddress = new Uri(url.TrimEnd('/') + "/"),
            Timeout = TimeSpan.FromSeconds(100),
        };
        if (!string.IsNullOrEmpty(token))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public string Url => _http.BaseAddress!.ToString().TrimEnd('/');

    /// <summary>Starts a run, or makes only its data.</summary>
    public Task<RunView> SubmitAsync(string spec, CancellationToken cancellationToken, bool dataOnly = false)
        => SendAsync<RunView>(HttpMethod.Post, dataOnly ? "api/v1/runs?until=data" : "api/v1/runs", new StringContent(spec, Encoding.UTF8, "application/yaml"), cancellationToken);

    public Task<IReadOnlyList<RunSummaryView>> ListAsync(CancellationToken cancellationToken)
        => SendAsync<IReadOnlyList<RunSummaryView>>(HttpMethod.Get, "api/v1/runs", null, cancellationToken);

    public Task<RunView> GetAsync(string run, CancellationToken cancellationToken)
        => SendAsync<RunView>(HttpMethod.Get, Of(run), null, cancellationToken);

    public Task<ClusterView> GetClusterAsync(CancellationToken cancellationToken)
        => SendAsync<ClusterView>(HttpMethod.Get, "api/v1/cluster", null, cancellationToken);

    /// <summary>Moves a running job.</summary>
    /// <param name="job">Its key, <c>run/expert/3</c>.</param>
    /// <param name="request">Where to.</param>
    /// <param name="cancellationToken">Cancels the wait; the job moves all the same.</param>
    public Task<MigrationView> MigrateAsync(Core.Jobs.JobId job, MigrateRequest request, CancellationToken cancellationToken)
        => SendAsync<MigrationView>(
            HttpMethod.Post,
            $"{Of(job.Run)}/jobs/{job.KindName}{(job.Part.Length == 0 ? "" : "/" + Uri.EscapeDataString(job.Part))}/migrate",
            JsonContent.Create(request, options: RestJson.Wire),
            cancellationToken);

    public Task<AdviceView> AdviseAsync(CancellationToken cancellationToken)
        => SendAsync<AdviceView>(HttpMethod.Get, "api/v1/cluster/advice", null, cancellationToken);

    public Task<AdviceView> RebalanceAsync(bool on, CancellationToken cancellationToken)
        => SendAsync<AdviceView>(HttpMethod.Post, "api/v1/cluster/rebalance", JsonContent.Create(new RebalanceRequest(on), options: RestJson.Wire), cancellationToken);

    /// <param name="run">The run.</param>
    /// <param name="verb"><c>pause</c>, <c>resume</c> or <c>cancel</c>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public Task<RunView> ControlAsync(string run, string verb, CancellationToken cancellationToken)
        => SendAsync<RunView>(HttpMethod.Post, $"{Of(run)}/{verb}", null, cancellationToken);

    public Task<SampleView> SampleAsync(string run, SampleRequest request, CancellationToken cancellationToken)
        => SendAsync<SampleView>(HttpMethod.Post, $"{Of(run)}/samples", JsonContent.Create(request, options: RestJson.Wire), cancellationToken);

    public Task<SampleView> GetSampleAsync(string run, string id, CancellationToken cancellationToken)
        => SendAsync<SampleView>(HttpMethod.Get, $"{Of(run)}/samples/{Uri.EscapeDataString(id)}", null, cancellationToken);

    public Task<IReadOnlyList<string>> EvaluateAsync(string run, EvaluateRequest request, CancellationToken cancellationToken)
        => SendAsync<IReadOnlyList<string>>(HttpMethod.Post, $"{Of(run)}/evaluate", JsonContent.Create(request, options: RestJson.Wire), cancellationToken);

    public Task<EnsembleView> GetExpertsAsync(string run, CancellationToken cancellationToken)
        => SendAsync<EnsembleView>(HttpMethod.Get, $"{Of(run)}/experts", null, cancellationToken);

    /// <summary>Adds, replaces or removes an expert; the answer names the revision in progress.</summary>
    public Task<EnsembleView> ChangeExpertsAsync(string run, EnsembleChange change, CancellationToken cancellationToken)
        => SendAsync<EnsembleView>(HttpMethod.Post, $"{Of(run)}/experts", JsonContent.Create(change, options: RestJson.Wire), cancellationToken);

    /// <summary>Takes the last change back.</summary>
    public Task<EnsembleView> UndoExpertsAsync(string run, CancellationToken cancellationToken)
        => SendAsync<EnsembleView>(HttpMethod.Post, $"{Of(run)}/experts/undo", JsonContent.Create(new UndoRequest(), options: RestJson.Wire), cancellationToken);

    public Task<RunReport> GetReportAsync(string run, CancellationToken cancellationToken)
        => SendAsync<RunReport>(HttpMethod.Get, $"{Of(run)}/report", null, cancellationToken);

    /// <summary>Every head of the run; with <paramref name="verify"/> each listed checkpoint is read and hashed by the gateway.</summary>
    public Task<IReadOnlyList<HeadView>> GetHeadsAsync(string run, bool verify, CancellationToken cancellationToken)
        => SendAsync<IReadOnlyList<HeadView>>(HttpMethod.Get, $"{Of(run)}/heads{(verify ? "?verify=true" : "")}", null, cancellationToken);

    public Task<ChaosView> GetChaosAsync(CancellationToken cancellationToken)
        => SendAsync<ChaosView>(HttpMethod.Get, "api/v1/chaos", null, cancellationToken);

    /// <summary>Asks a silo for a fault; returns a moment before it is carried out.</summary>
    public Task<ChaosRequest> OrderFaultAsync(ChaosRequest request, CancellationToken cancellationToken)
        => SendAsync<ChaosRequest>(HttpMethod.Post, "api/v1/chaos/faults", JsonContent.Create(request, options: RestJson.Wire), cancellationToken);

    /// <summary>A blob of the run: <paramref name="name"/> is below the run's folder.</summary>
    public async Task<byte[]> GetBlobAsync(string run, string name, CancellationToken cancellationToken)
    {
        using var response = await RequestAsync(HttpMethod.Get, $"{Of(run)}/blobs/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}", null, cancellationToken);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static string Of(string run) => $"api/v1/runs/{Uri.EscapeDataString(run)}";

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var response = await RequestAsync(method, path, content, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(RestJson.Wire, cancellationToken) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new GatewayException($"{Url} answered what no Paris gateway of this version answers ({e.Message}).", "failed", 502);
        }
    }

    private async Task<HttpResponseMessage> RequestAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            response = await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            var reason = (e.InnerException as SocketException)?.SocketErrorCode.ToString() ?? e.Message;
            throw new GatewayException($"No gateway answers at {Url} ({reason}); start one with 'paris up', or set PARIS_URL.", "unavailable", 503);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GatewayException($"The gateway at {Url} did not answer within {_http.Timeout.TotalSeconds:0} s.", "unavailable", 504);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var problem = await ReadProblemAsync(response, cancellationToken);
            throw new GatewayException(problem?.Title ?? $"{Url} answered {(int)response.StatusCode} ({response.ReasonPhrase}).", problem?.Code ?? "failed", (int)response.StatusCode);
        }
    }

    private static async Task<ProblemView?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return null;
        }

        try
        {
            return await response.Content.ReadFromJsonAsync<ProblemView>(RestJson.Wire, cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
