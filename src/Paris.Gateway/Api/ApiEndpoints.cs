using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway.Chaos;
using Paris.Gateway.Reports;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Api;

/// <summary>REST v1: one place that says which requests there are.</summary>
internal static class ApiEndpoints
{
    private const long LargestSpec = 1 << 20;

    public static void MapParisApi(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").AddEndpointFilter<ProblemFilter>();

        api.MapGet("/runs", async (IRunService runs, CancellationToken cancel) => await runs.ListAsync(cancel));
        api.MapPost("/runs", SubmitAsync);
        api.MapGet("/cluster", async (IRunService runs, CancellationToken cancel) => await runs.GetClusterAsync(cancel));

        api.MapGet("/cluster/advice", async (IRunService runs, CancellationToken cancel) => await runs.AdviseAsync(cancel));
        api.MapPost("/cluster/rebalance", RebalanceAsync);

        var run = api.MapGroup("/runs/{run}");
        run.MapGet("", async (string run, IRunService runs, CancellationToken cancel) => await Find(runs, run, cancel));
        run.MapPost("/pause", async (string run, IRunService runs, CancellationToken cancel) => await runs.PauseAsync(Checked(run), cancel));
        run.MapPost("/resume", async (string run, IRunService runs, CancellationToken cancel) => await runs.ResumeAsync(Checked(run), cancel));
        run.MapPost("/cancel", async (string run, IRunService runs, CancellationToken cancel) => await runs.CancelAsync(Checked(run), cancel));
        run.MapPost("/samples", SampleAsync);
        run.MapGet("/samples", ListSamplesAsync);
        run.MapGet("/samples/{id}", async (string run, string id, IRunService runs, CancellationToken cancel)
            => Samples(await Find(runs, run, cancel)).FirstOrDefault(s => s.Id == id) ?? throw ApiException.NotFound($"Run '{run}' has no samples '{id}'."));
        run.MapPost("/evaluate", EvaluateAsync);
        run.MapGet("/experts", async (string run, IBlobStore store, CancellationToken cancel) => await EnsembleViewBuilder.BuildAsync(store, Checked(run), cancel));
        run.MapPost("/experts", ChangeExpertsAsync);
        run.MapPost("/experts/undo", UndoExpertsAsync);
        run.MapGet("/jobs/{kind}/trace", (string run, string kind, int? points, IRunService runs, CancellationToken cancel) => TraceAsync(run, kind, "", points, runs, cancel));
        run.MapGet("/jobs/{kind}/{part}/trace", TraceAsync);
        run.MapPost("/jobs/{kind}/migrate", (string run, string kind, HttpRequest request, IRunService runs, CancellationToken cancel) => MigrateAsync(run, kind, "", request, runs, cancel));
        run.MapPost("/jobs/{kind}/{part}/migrate", MigrateAsync);
        run.MapGet("/pictures", async (string run, IRunService runs, CancellationToken cancel) => RunPictures.Of(await Find(runs, run, cancel)));
        run.MapGet("/blobs/{**name}", BlobAsync);
        run.MapGet("/report", async (string run, IBlobStore store, CancellationToken cancel) => await RunReportBuilder.BuildAsync(store, Checked(run), cancel));
        run.MapGet("/report.md", async (string run, IBlobStore store, CancellationToken cancel)
            => Results.Text(RunReportMarkdown.Render(await RunReportBuilder.BuildAsync(store, Checked(run), cancel)), "text/markdown; charset=utf-8"));
        api.MapChaos();
        api.MapFallback(() => Problems.Result(StatusCodes.Status404NotFound, "not-found", "There is no such resource; see docs/rest.md."));
    }

    private static async Task<IResult> SubmitAsync(HttpRequest request, IRunService runs, ISourceCheck sources, CancellationToken cancel)
    {
        if (request.ContentLength > LargestSpec)
        {
            throw ApiException.Input("The spec is larger than 1 MiB.");
        }

        var until = request.Query["until"].ToString();
        if (until is not ("" or "data"))
        {
            throw ApiException.Input($"'until' is '{until}'; it is 'data', or left out.");
        }

        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancel);
        var spec = RunSpecReader.Parse(text, "the request's body").Spec;
        sources.Check(spec);
        var view = await runs.SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec)), until == "data", cancel);
        return Results.Json(view, RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> SampleAsync(string run, [FromBody] SampleRequest? request, IRunService runs, CancellationToken cancel)
    {
        request ??= new SampleRequest();
        request.Validate();
        var key = await runs.SampleAsync(Checked(run), request, cancel);
        return Results.Json(new SampleView(JobId.Parse(key).Part, "queued", 0, [], null), RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IReadOnlyList<SampleView>> ListSamplesAsync(string run, IRunService runs, CancellationToken cancel)
        => Samples(await Find(runs, run, cancel));

    private static async Task<IResult> EvaluateAsync(string run, [FromBody] EvaluateRequest? request, IRunService runs, CancellationToken cancel)
    {
        var strategies = request?.Strategies ?? [];
        foreach (var strategy in strategies)
        {
            _ = StrategyNames.Check(strategy);
        }

        return Results.Json(await runs.EvaluateAsync(Checked(run), strategies, cancel), RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ChangeExpertsAsync(string run, [FromBody] EnsembleChange change, IRunService runs, IBlobStore store, ISourceCheck sources, CancellationToken cancel)
    {
        var spec = await RunReportBuilder.ReadSpecAsync(store, Checked(run), cancel);
        if (change.DataOf(spec) is { } data)
        {
            sources.Check(spec with { Data = data, Clustering = spec.Clustering with { Clusters = 1 } });
        }

        await runs.ChangeEnsembleAsync(run, change, cancel);
        return Results.Json(await EnsembleViewBuilder.BuildAsync(store, run, cancel), RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<EnsembleView> UndoExpertsAsync(string run, [FromBody] UndoRequest? request, IRunService runs, IBlobStore store, CancellationToken cancel)
    {
        var before = await EnsembleViewBuilder.BuildAsync(store, Checked(run), cancel);
        await runs.UndoEnsembleAsync(run, request?.Revision ?? before.Pending ?? before.Revision, cancel);
        return await EnsembleViewBuilder.BuildAsync(store, run, cancel);
    }

    private static async Task<TraceView> TraceAsync(string run, string kind, string part, int? points, IRunService runs, CancellationToken cancel)
        => await runs.GetTraceAsync(await FindJob(runs, run, kind, part, cancel), Math.Clamp(points ?? 300, 2, 5000), cancel);

    private static async Task<IResult> MigrateAsync(string run, string kind, string part, HttpRequest request, IRunService runs, CancellationToken cancel)
    {
        var wish = await BodyAsync<MigrateRequest>(request, cancel) ?? new MigrateRequest();
        if (wish is { To: null, Slot: not null })
        {
            throw ApiException.Input("'slot' is given without 'to'; name its silo as well.");
        }

        var job = await FindJob(runs, run, kind, part, cancel);
        return Results.Json(await runs.MigrateAsync(job, wish, cancel), RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<AdviceView> RebalanceAsync(HttpRequest request, IRunService runs, CancellationToken cancel)
    {
        var on = (await BodyAsync<RebalanceRequest>(request, cancel))?.On
            ?? throw ApiException.Input("Say whether the rebalancer should be on: {\"on\": true} or {\"on\": false}.");
        await runs.RebalanceAsync(on, cancel);
        return await runs.AdviseAsync(cancel);
    }

    /// <summary>The request's JSON; null without a body. (A bound parameter would send a request without a content type to the fallback.)</summary>
    private static async Task<T?> BodyAsync<T>(HttpRequest request, CancellationToken cancel)
        where T : class
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancel);
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonSerializer.Deserialize<T>(text, RestJson.Wire);
        }
        catch (JsonException e)
        {
            throw ApiException.Input($"The request's body is not the JSON it should be: {e.Message}");
        }
    }

    /// <summary>A job of the run's plan: asking the grain of one that nobody planned would wake it for nothing.</summary>
    private static async Task<JobId> FindJob(IRunService runs, string run, string kind, string part, CancellationToken cancel)
    {
        JobId job;
        try
        {
            job = JobId.Parse(part.Length == 0 ? $"{Checked(run)}/{kind}" : $"{Checked(run)}/{kind}/{part}");
        }
        catch (FormatException e)
        {
            throw ApiException.NotFound(e.Message);
        }

        var view = await Find(runs, run, cancel);
        return view.Jobs.Any(j => j.Key == job.Key) ? job : throw ApiException.NotFound($"Run '{run}' has no job '{job.Key}'.");
    }

    private static async Task<IResult> BlobAsync(string run, string name, HttpContext context, IBlobStore store, CancellationToken cancel)
    {
        var blob = RunPictures.CheckName(Checked(run), name);
        var info = await store.HeadAsync(blob, cancel) ?? throw ApiException.NotFound($"Run '{run}' has no '{name}'.");
        var type = Path.GetExtension(name) switch
        {
            ".png" => "image/png",
            ".json" => "application/json",
            ".jsonl" => "application/jsonl; charset=utf-8",
            _ => "text/markdown; charset=utf-8",
        };
        context.Response.Headers.CacheControl = "no-cache";
        var etag = new Microsoft.Net.Http.Headers.EntityTagHeaderValue($"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(info.ETag)))[..32]}\"");
        return Results.Stream(await store.OpenReadAsync(blob, cancellationToken: cancel), type, lastModified: info.LastModified, entityTag: etag);
    }

    private static async Task<RunView> Find(IRunService runs, string run, CancellationToken cancel)
        => await runs.GetAsync(Checked(run), cancel) ?? throw ApiException.NotFound($"There is no run '{run}'; 'paris runs' lists them.");

    private static string Checked(string run) => BlobName.CheckRunId(run);

    private static SampleView[] Samples(RunView view)
        => [.. view.Jobs.Where(j => j.Kind == "sample").Select(j => new SampleView(j.Part, j.State, j.Fraction, RunPictures.NamesOf(view.Run, j), j.Message, j.BadInput, RunPictures.FilesOf(view.Run, j), j.State == "completed" ? j.Metrics : null))];
}
