using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Storage;
using Paris.Gateway.Api;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Chaos;

/// <summary>What <c>paris chaos</c> asks: who takes faults, one fault, and the heads that no fault may harm.</summary>
internal static class ChaosEndpoints
{
    public static void MapChaos(this RouteGroupBuilder api)
    {
        api.MapGet("/chaos", async (IChaosService chaos, CancellationToken cancel) => await chaos.GetAsync(cancel));
        api.MapPost("/chaos/faults", OrderAsync);
        api.MapGet("/runs/{run}/heads", HeadsAsync);
    }

    private static async Task<IResult> OrderAsync([FromBody] ChaosRequest? request, IChaosService chaos, CancellationToken cancel)
    {
        (request ?? throw ApiException.Input("The request names no fault; see docs/rest.md.")).Validate();
        await chaos.OrderAsync(request, cancel);
        return Results.Json(request, RestJson.Wire, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<HeadView[]> HeadsAsync(string run, bool? verify, IRunService runs, IBlobStore store, CancellationToken cancel)
    {
        var view = await runs.GetAsync(BlobName.CheckRunId(run), cancel) ?? throw ApiException.NotFound($"There is no run '{run}'; 'paris runs' lists them.");
        var heads = new List<HeadView>();
        foreach (var job in view.Jobs.Where(x => x.Epoch > 0))
        {
            if (await JobFence.ReadHeadAsync(store, JobId.Parse(job.Key), cancel) is { } head)
            {
                heads.Add(new HeadView(job.Key, head.Epoch, head.Step, head.Checkpoints, verify == true ? await DamagedAsync(store, job.Key, head, cancel) : null));
            }
        }

        return [.. heads];
    }

    // A checkpoint that a later commit dropped meanwhile is not damaged: the head says which count.
    private static async Task<IReadOnlyList<string>> DamagedAsync(IBlobStore store, string job, JobHead head, CancellationToken cancel)
    {
        var damaged = new List<string>();
        foreach (var checkpoint in head.Checkpoints)
        {
            if (!await HoldsAsync(store, checkpoint, cancel)
                && (await JobFence.ReadHeadAsync(store, JobId.Parse(job), cancel))?.Checkpoints.Contains(checkpoint) == true)
            {
                damaged.Add(checkpoint.Name);
            }
        }

        return damaged;
    }

    private static async Task<bool> HoldsAsync(IBlobStore store, CheckpointEntry checkpoint, CancellationToken cancel)
    {
        if (await store.HeadAsync(checkpoint.Name, cancel) is null)
        {
            return false;
        }

        await using var content = await store.OpenReadAsync(checkpoint.Name, cancellationToken: cancel);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel)) == checkpoint.Sha256;
    }
}
