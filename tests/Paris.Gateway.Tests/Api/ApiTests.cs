using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Tests.Api;

public sealed class ApiTests
{
    private static readonly byte[] s_png = [0x89, 0x50, 0x4E, 0x47];

    [Fact]
    public async Task A_spec_as_YAML_starts_a_run_and_the_same_again_finds_it()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        for (var i = 0; i < 2; i++)
        {
            var response = await client.PostAsync("/api/v1/runs", new StringContent(RunSpecPresets.Text("smoke"), Encoding.UTF8, "application/yaml"));

            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            Assert.Equal("smoke", (await response.Content.ReadFromJsonAsync<RunView>(RestJson.Wire))!.Run);
        }

        var spec = RunSpecJson.Read(Encoding.UTF8.GetBytes(gateway.Runs.Specs["smoke"]));
        Assert.Equal(RunSpecJson.Hash(RunSpecPresets.Load("smoke").Spec), RunSpecJson.Hash(spec));
    }

    [Fact]
    public async Task Experts_are_listed_changed_and_taken_back()
    {
        await using var gateway = await TestGateway.StartAsync(services: x => x.AddSingleton<ISourceCheck, LocalSourceCheck>());
        using var client = gateway.Client();
        await Problem(await client.GetAsync("/api/v1/runs/smoke/experts"), HttpStatusCode.NotFound);
        await gateway.Store.PutAsync("runs/smoke/spec.json", RunSpecJson.Serialize(RunSpecPresets.Load("smoke").Spec), PutCondition.Absent);
        var view = await client.GetFromJsonAsync<EnsembleView>("/api/v1/runs/smoke/experts", RestJson.Wire);
        Assert.Equal((1, "in-use"), (view!.Revision, Assert.Single(view.Revisions).State));
        Assert.Equal([new ExpertView(0, null, null, 1, null, null), new ExpertView(1, null, null, 1, null, null), new ExpertView(2, null, null, 1, null, null)], view.Experts);

        var added = await client.PostAsync("/api/v1/runs/smoke/experts", Json("""{"change":"add","split":2,"router":"whole"}"""));
        Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/api/v1/runs/smoke/experts/undo", Json("""{"revision":2}"""))).StatusCode);
        Assert.Equal(["Add smoke  2 Whole", "undo smoke 2"], gateway.Runs.Calls);

        await Problem(await client.PostAsync("/api/v1/runs/smoke/experts", Json("""{"change":"add","images":"/nowhere/at/all"}""")), HttpStatusCode.BadRequest);

        static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
    }

    [Fact]
    public async Task Another_spec_of_the_same_name_is_a_conflict()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        await client.PostAsync("/api/v1/runs", Json(RunSpecPresets.Load("smoke").Spec));
        var problem = await Problem(await client.PostAsync("/api/v1/runs", Json(RunSpecPresets.Load("smoke").Spec with { Seed = 7 })), HttpStatusCode.Conflict);

        Assert.Equal("conflict", problem.Code);
        Assert.Contains("another spec", problem.Title, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: x\nsed: 3", "seed")]
    [InlineData("{ not json", "")]
    [InlineData("", "")]
    public async Task A_bad_spec_is_one_sentence_with_status_400(string text, string named)
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        var problem = await Problem(await client.PostAsync("/api/v1/runs", new StringContent(text)), HttpStatusCode.BadRequest);

        Assert.Equal("input", problem.Code);
        Assert.DoesNotContain('\n', problem.Title);
        Assert.Contains(named, problem.Title, StringComparison.Ordinal);
        Assert.Empty(gateway.Runs.Specs);
    }

    [Fact]
    public async Task Status_lists_and_control_reach_the_run()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();

        Assert.Equal("demo", Assert.Single((await client.GetFromJsonAsync<RunSummaryView[]>("/api/v1/runs", RestJson.Wire))!).Run);
        var view = (await client.GetFromJsonAsync<RunView>("/api/v1/runs/demo", RestJson.Wire))!;
        Assert.Equal(0.98, view.Jobs[1].Loss!.Value, 12);
        Assert.Equal(0.5, view.Jobs[1].Fraction);
        foreach (var (verb, state) in new[] { ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled") })
        {
            var response = await client.PostAsync($"/api/v1/runs/demo/{verb}", null);
            Assert.Equal(state, (await response.Content.ReadFromJsonAsync<RunView>(RestJson.Wire))!.State);
        }

        Assert.Equal(1, (await client.GetFromJsonAsync<ClusterView>("/api/v1/cluster", RestJson.Wire))!.Busy);
    }

    [Theory]
    [InlineData("GET", "/api/v1/runs/none", HttpStatusCode.NotFound)]
    [InlineData("POST", "/api/v1/runs/none/pause", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/v1/runs/Not%20a%20run", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/api/v1/runs/demo/jobs/expert/17/trace", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/v1/runs/demo/jobs/nonsense/trace", HttpStatusCode.NotFound)]
    [InlineData("GET", "/api/v1/nothing", HttpStatusCode.NotFound)]
    public async Task What_is_not_there_is_a_problem_with_a_sentence(string method, string path, HttpStatusCode status)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();
        var problem = await Problem(await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)), status);

        Assert.NotEmpty(problem.Title);
        Assert.Equal((int)status, problem.Status);
    }

    [Fact]
    public async Task Sampling_passes_the_request_on_and_refuses_a_wrong_one()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();
        var response = await client.PostAsJsonAsync("/api/v1/runs/demo/samples", new SampleRequest { Id = "s1", Strategy = "top-2", Count = 9, Seed = 5, Steps = 10, Guidance = 1.5 }, RestJson.Wire);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("s1", (await response.Content.ReadFromJsonAsync<SampleView>(RestJson.Wire))!.Id);
        Assert.Equal("sample demo top-2 9 5 10 1.5", Assert.Single(gateway.Runs.Calls));
        foreach (var wrong in new[] { new SampleRequest { Strategy = "best" }, new SampleRequest { Count = 0 }, new SampleRequest { Steps = 0 }, new SampleRequest { Guidance = -1 } })
        {
            await Problem(await client.PostAsJsonAsync("/api/v1/runs/demo/samples", wrong, RestJson.Wire), HttpStatusCode.BadRequest);
        }

        Assert.Single(gateway.Runs.Calls);
    }

    [Fact]
    public async Task Evaluation_takes_known_strategies_only()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();
        var jobs = await (await client.PostAsJsonAsync("/api/v1/runs/demo/evaluate", new EvaluateRequest(["top-1", "full"]), RestJson.Wire)).Content.ReadFromJsonAsync<string[]>();

        Assert.Equal(["demo/evaluate/top-1", "demo/evaluate/full"], jobs!);
        await Problem(await client.PostAsJsonAsync("/api/v1/runs/demo/evaluate", new EvaluateRequest(["bottom-1"]), RestJson.Wire), HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_job_is_moved_to_a_silo_that_is_there()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();

        var response = await client.PostAsJsonAsync("/api/v1/runs/demo/jobs/expert/0/migrate", new MigrateRequest("silo-1", "cpu-0"), RestJson.Wire);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(new MigrationView("demo/expert/0", "silo-0/cpu-0", "silo-1/cpu-0", 3), await response.Content.ReadFromJsonAsync<MigrationView>(RestJson.Wire));
        Assert.Equal(HttpStatusCode.Accepted, (await client.PostAsync("/api/v1/runs/demo/jobs/router/migrate", null)).StatusCode);

        Assert.Equal("there is no silo 'nowhere'; silos are silo-0", (await Problem(await client.PostAsJsonAsync("/api/v1/runs/demo/jobs/expert/0/migrate", new MigrateRequest("nowhere"), RestJson.Wire), HttpStatusCode.NotFound)).Title);
        await Problem(await client.PostAsJsonAsync("/api/v1/runs/demo/jobs/expert/0/migrate", new MigrateRequest(null, "cpu-0"), RestJson.Wire), HttpStatusCode.BadRequest);
        await Problem(await client.PostAsJsonAsync("/api/v1/runs/demo/jobs/expert/77/migrate", new MigrateRequest(), RestJson.Wire), HttpStatusCode.NotFound);
        Assert.Equal(["migrate demo/expert/0 silo-1/cpu-0", "migrate demo/router /", "migrate demo/expert/0 nowhere/"], gateway.Runs.Calls);
    }

    [Fact]
    public async Task Advice_is_read_and_the_rebalancer_switched()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();

        var advice = (await client.GetFromJsonAsync<AdviceView>("/api/v1/cluster/advice", RestJson.Wire))!;
        Assert.Equal((2, 1, false, "40 GiB", 90.0, null), (advice.Queued, advice.Running, advice.Rebalances, advice.Wanted[0].Needs, advice.Finish[0].Seconds, advice.Finish[1].Seconds));
        var switched = await client.PostAsJsonAsync("/api/v1/cluster/rebalance", new RebalanceRequest(true), RestJson.Wire);
        Assert.True((await switched.Content.ReadFromJsonAsync<AdviceView>(RestJson.Wire))!.Rebalances);
        await Problem(await client.PostAsJsonAsync("/api/v1/cluster/rebalance", new RebalanceRequest(null), RestJson.Wire), HttpStatusCode.BadRequest);
        await Problem(await client.PostAsync("/api/v1/cluster/rebalance", new StringContent("{\"on\": 5}")), HttpStatusCode.BadRequest);
        using var stranger = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsJsonAsync(gateway.Address.Url + "/api/v1/cluster/rebalance", new RebalanceRequest(true), RestJson.Wire)).StatusCode);
    }

    [Fact]
    public async Task A_trace_is_thinned_to_the_asked_number_of_points()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();

        var trace = (await client.GetFromJsonAsync<TraceView>("/api/v1/runs/demo/jobs/expert/0/trace?points=77", RestJson.Wire))!;
        Assert.Equal("demo/expert/0", trace.Job);
        Assert.Equal(77, trace.Losses[1]);
        Assert.Equal("demo/router", (await client.GetFromJsonAsync<TraceView>("/api/v1/runs/demo/jobs/router/trace", RestJson.Wire))!.Job);
    }

    [Fact]
    public async Task Pictures_are_listed_and_served_and_nothing_else_of_the_store_is()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        await gateway.Store.PutAsync("runs/demo/clusters/sheet-e1.png", s_png, PutCondition.Always);
        await gateway.Store.PutAsync("runs/demo/experts/0/step-00000250-e1.safetensors", s_png, PutCondition.Always);
        await gateway.Store.PutAsync("secret.json", "{}"u8.ToArray(), PutCondition.Always);
        using var client = gateway.Client();

        var pictures = (await client.GetFromJsonAsync<PictureView[]>("/api/v1/runs/demo/pictures", RestJson.Wire))!;
        Assert.Equal(["clusters/sheet-e1.png", "experts/0/previews/preview-00000250-e1.png"], pictures.Select(p => p.Name).Order());
        var response = await client.GetAsync("/api/v1/runs/demo/blobs/clusters/sheet-e1.png");
        Assert.Equal("image/png", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(s_png, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs/demo/blobs/clusters/sheet-e1.png");
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/v1/runs/demo/blobs/experts/0/step-00000250-e1.safetensors")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/v1/runs/demo/blobs/clusters/none.png")).StatusCode);
        foreach (var path in new[] { "..%2F..%2Fsecret.json", "%2e%2e/%2e%2e/secret.json", "a%5C..%5Cb.png", "/secret.json" })
        {
            var status = (await client.GetAsync($"/api/v1/runs/demo/blobs/{path}")).StatusCode;
            Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{path}: {status}");
        }
    }

    private static StringContent Json(RunSpec spec) => new(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec)), Encoding.UTF8, "application/json");

    private static async Task<ProblemView> Problem(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        return (await response.Content.ReadFromJsonAsync<ProblemView>(RestJson.Wire))!;
    }
}
