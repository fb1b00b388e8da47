using System.Globalization;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Data;
using Paris.Training.Sampling;

namespace Paris.Training.Jobs;

/// <summary>What every job that draws images leaves: the grid, the routing trace, shares and speed.</summary>
internal static class DrawnImageOutputs
{
    /// <summary>Writes the outputs and commits the result.</summary>
    /// <param name="context">The job.</param>
    /// <param name="drawn">The images.</param>
    /// <param name="gridCount">How many of them the grid shows.</param>
    /// <param name="metrics">Further metrics.</param>
    /// <param name="facts">Facts of the result.</param>
    /// <param name="further">Further outputs by role: file name and content.</param>
    public static void Commit(
        JobContext context,
        DrawnImages drawn,
        int gridCount,
        IReadOnlyDictionary<string, double> metrics,
        IReadOnlyDictionary<string, string> facts,
        IReadOnlyDictionary<string, (string Name, byte[] Content)>? further = null)
    {
        gridCount = Math.Min(gridCount, drawn.Count);
        var columns = Columns(gridCount);
        var grid = new ImageGrid(columns, (gridCount + columns - 1) / columns, drawn.Shape[0], drawn.Shape[1], drawn.Shape[2], scale: drawn.Shape[1] < 64 ? 2 : 1);
        for (var i = 0; i < gridCount; i++)
        {
            grid.Place(i, drawn.Picture(i));
        }

        var steps = drawn.Weights.Length / drawn.Experts / drawn.Count;
        var outputs = new Dictionary<string, BlobEntry>
        {
            ["grid"] = Put(context, "grid.png", grid.ToPng()),
            ["routing"] = Put(context, "routing.safetensors", SafetensorsWriter.ToBytes([TensorData.Of("weights", drawn.Weights, drawn.Count, steps, drawn.Experts)])),
        };
        foreach (var (role, (name, content)) in further ?? new Dictionary<string, (string, byte[])>())
        {
            outputs[role] = Put(context, name, content);
        }

        var all = new Dictionary<string, double>(metrics)
        {
            ["images"] = drawn.Count,
            ["experts.per.step"] = drawn.ExpertsPerStep,
            ["samples.per.second"] = drawn.Count / drawn.Seconds,
            ["router.seconds"] = drawn.RouterSeconds,
        };
        Shares(all, "share.cluster.", drawn.ClusterShares(), drawn.Numbers);
        Shares(all, "weight.expert.", drawn.MeanWeights(), drawn.Numbers);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult { Job = context.Job, Outputs = outputs, Metrics = all, Facts = facts, Seconds = drawn.Seconds }));
    }

    /// <summary>Columns of a grid of so many images.</summary>
    public static int Columns(int images) => (int)Math.Ceiling(Math.Sqrt(images));

    /// <summary>Adds one metric an entry: <c>{prefix}{number}</c>.</summary>
    public static void Shares(Dictionary<string, double> metrics, string prefix, IReadOnlyList<double> shares, IReadOnlyList<int> numbers)
    {
        for (var i = 0; i < shares.Count; i++)
        {
            metrics[prefix + numbers[i].ToString(CultureInfo.InvariantCulture)] = shares[i];
        }
    }

    private static BlobEntry Put(JobContext context, string name, byte[] content)
    {
        using var stream = new MemoryStream(content, writable: false);
        return JobContext.Await(context.Fence.PutOutputAsync(name, stream));
    }
}
