using System.Text.Json;
using Paris.Core;
using Paris.Core.Jobs;
using Paris.Training.Sampling;

namespace Paris.Training.Jobs;

/// <summary>
/// Draws the images that <see cref="SampleOrder"/> asks for. Outputs: <c>grid</c> (PNG of all images), <c>routing</c> (safetensors
/// <c>weights</c> F32 [N, steps, K]), <c>trace</c> and <c>trace-picture</c> (the same as JSON with prompts and times, and as a PNG:
/// <see cref="RoutingTrace"/>).
/// </summary>
public sealed class SampleJob : IJob
{
    public void Run(JobContext context)
    {
        var name = SampleOrder.BlobName(context.Job);
        var blob = JobContext.Await(context.Store.GetAsync(name))
            ?? throw new ParisInputException($"{context.Job.Key} has no '{name}' that says what to draw.");
        var order = JsonSerializer.Deserialize<SampleOrder>(blob.Bytes, WorkerProtocol.Json)
            ?? throw new ParisInputException($"'{name}' is empty.");
        if (order.Count is < 1 or > 4096)
        {
            throw new ParisInputException($"'{name}' asks for {order.Count} images; ask for 1 to 4096.");
        }

        if (order.Prompts is { Count: 0 })
        {
            throw new ParisInputException($"'{name}' holds an empty list of prompts; give at least one, or none at all.");
        }

        context.Reporter.Ready(0, order.Count);
        using var ensemble = Ensemble.Load(context, order.Strategy, context.EnsembleOf(order.Revision ?? 1));
        var seed = order.Seed ?? context.Spec.Seed;
        var drawn = new ImageDrawer(context, ensemble).Draw(order.Strategy, order.Count, seed, order.Steps, order.GuidanceScale, prompts: order.Prompts);
        context.Reporter.Progress(order.Count, order.Count, order.Count / drawn.Seconds, "images");
        DrawnImageOutputs.Commit(
            context,
            drawn,
            order.Count,
            new Dictionary<string, double>
            {
                ["guidance"] = drawn.Guidance,
                ["experts.reads"] = ensemble.Pool.Reads,
                ["memory.peak.bytes"] = HostMemory.Peak(),
            },
            new Dictionary<string, string> { ["strategy"] = order.Strategy },
            new Dictionary<string, (string, byte[])>
            {
                ["trace"] = ("trace.json", RoutingTrace.ToJson(drawn, order.Strategy, seed)),
                ["trace-picture"] = ("trace.png", RoutingTrace.ToPng(drawn, DrawnImageOutputs.Columns(order.Count))),
            });
    }
}
