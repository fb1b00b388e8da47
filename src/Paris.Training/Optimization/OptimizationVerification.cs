using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Training.Diffusion;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Training.Optimization;

/// <summary>The golden comparisons of optimiser (<c>optim</c>) and flow matching (<c>training-golden/step</c>).</summary>
public static class OptimizationVerification
{
    private static readonly (string Name, long[] Shape)[] _parameters =
        [("fc1.weight", [8, 6]), ("fc1.bias", [8]), ("fc2.weight", [3, 8]), ("fc2.bias", [3])];

    /// <summary>25 steps of AdamW with clipping and average, as one pass and as tensor operations.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyOptimizer(string fixtures)
    {
        using var file = SafetensorsFile.Open(Path.Combine(fixtures, "optim", "adamw.safetensors"));
        return [.. Verify(file, fused: true, FlatParameters.DefaultSegmentElements), .. Verify(file, fused: false, FlatParameters.DefaultSegmentElements)];
    }

    /// <summary>x_t, v and the models' time.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyFlowMatching(string fixtures)
    {
        using var file = SafetensorsFile.Open(Path.Combine(fixtures, "training-golden", "step.safetensors"));
        var (x0, velocity, t) = (file.ToSingles("x0"), file.ToSingles("eps"), file.ToSingles("t"));
        var (n, xt) = (x0.Length / t.Length, new float[x0.Length]);
        for (var i = 0; i < t.Length; i++)
        {
            FlowMatching.Interpolate(x0.AsSpan(i * n, n), velocity.AsSpan(i * n, n), t[i], xt.AsSpan(i * n, n));
        }

        return
        [
            VerificationRow.Compare("training-golden: x_t", xt, file.ToSingles("x_t"), 1e-6),
            VerificationRow.Compare("training-golden: target", velocity, file.ToSingles("target"), 1e-6),
            VerificationRow.Compare("training-golden: t_model", t.Select(value => FlowMatching.TimeScale * value).ToArray(), file.ToSingles("t_model"), 1e-4),
        ];
    }

    internal static IEnumerable<VerificationRow> Verify(SafetensorsFile file, bool fused, long segmentElements)
    {
        var path = fused ? "one pass" : "tensor operations";
        var named = _parameters.Select(p => (p.Name, new Parameter(tensor(file.ToSingles("initial." + p.Name), p.Shape, dtype: ScalarType.Float32)))).ToList();
        using var flat = FlatParameters.Attach(named, average: true, segmentElements);
        var optimizer = new AdamW(flat, new AdamWSettings { WeightDecay = 0.01, Clip = 1 }, fused);
        var norms = new float[25];
        var rows = new List<VerificationRow>();
        for (var step = 1; step <= norms.Length; step++)
        {
            foreach (var slice in flat.Slices)
            {
                using var view = flat.Segments[slice.Segment].Gradients.narrow(0, slice.Offset, slice.Count);
                file.View<float>("grads." + slice.Name).Slice((step - 1) * (int)slice.Count, (int)slice.Count).CopyTo(MemoryMarshal.Cast<byte, float>(view.bytes));
            }

            var norm = optimizer.GradientNorm();
            norms[step - 1] = (float)norm;
            optimizer.Update(norm, learningRate: 0.01, averageDecay: 0.9);
            if (step is 1 or 5 or 25)
            {
                var tolerance = step switch { 1 => 1e-6, 5 => 5e-6, _ => 2e-5 };
                rows.Add(Compare($"step{step}.params", segment => segment.Weights, tolerance));
                rows.Add(Compare($"step{step}.ema", segment => segment.Average!, tolerance));
            }
        }

        rows.Add(Compare("step25.exp_avg", segment => segment.FirstMoment, 2e-5));
        rows.Add(Compare("step25.exp_avg_sq", segment => segment.SecondMoment, 2e-5));
        rows.Add(VerificationRow.Compare($"optim, {path}: grad_norms_before_clipping", norms, file.ToSingles("grad_norms_before_clipping"), 1e-5));
        named.ForEach(p => p.Item2.Dispose());
        return rows;

        VerificationRow Compare(string name, Func<FlatSegment, Tensor> select, double tolerance)
        {
            using var scope = NewDisposeScope();
            var actual = new List<float>();
            var expected = new List<float>();
            foreach (var slice in flat.Slices)
            {
                actual.AddRange(flat.View(select(flat.Segments[slice.Segment]), slice).contiguous().data<float>().ToArray());
                expected.AddRange(file.ToSingles($"{name}.{slice.Name}"));
            }

            return VerificationRow.Compare($"optim, {path}: {name}", actual.ToArray(), expected.ToArray(), tolerance);
        }
    }
}
