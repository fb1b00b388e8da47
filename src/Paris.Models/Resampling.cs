using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// Resampling of pictures and position tables as two small matrix products, one a direction. The weights are computed here, in double
/// precision, so that every form the reference implementations use is at hand whatever the tensor library offers.
/// </summary>
public static class Resampling
{
    /// <summary>Cubic convolution with A = −0.75 on the four nearest cells, borders repeated; cell i reads at (i + ½)·scale − ½.</summary>
    /// <returns>Row-major weights [target, size].</returns>
    public static float[] Bicubic(int size, int target, double scale) =>
        Weights(size, target, (i, add) =>
        {
            var at = ((i + 0.5) * scale) - 0.5;
            var first = (int)Math.Floor(at) - 1;
            for (var j = first; j < first + 4; j++)
            {
                add(Math.Clamp(j, 0, size - 1), Cubic(at - j, -0.75));
            }
        });

    /// <summary>Cubic convolution with A = −0.5, the kernel stretched when the target is smaller, weights normalised: antialiased.</summary>
    /// <inheritdoc cref="Bicubic"/>
    public static float[] BicubicAntialiased(int size, int target) =>
        Weights(size, target, (i, add) =>
        {
            var scale = (double)size / target;
            var (stretch, centre) = (Math.Max(scale, 1), (i + 0.5) * scale);
            var support = 2 * stretch;
            var (first, end) = (Math.Max((int)(centre - support + 0.5), 0), Math.Min((int)(centre + support + 0.5), size));
            var total = Enumerable.Range(first, end - first).Sum(j => Cubic((j - centre + 0.5) / stretch, -0.5));
            for (var j = first; j < end; j++)
            {
                add(j, Cubic((j - centre + 0.5) / stretch, -0.5) / total);
            }
        });

    /// <summary>Linear interpolation between the two nearest cell centres, borders repeated, no antialiasing.</summary>
    /// <inheritdoc cref="Bicubic"/>
    public static float[] Bilinear(int size, int target) =>
        Weights(size, target, (i, add) =>
        {
            var at = Math.Max(((i + 0.5) * size / target) - 0.5, 0);
            var first = Math.Min((int)at, size - 1);
            add(first, 1 - (at - first));
            add(Math.Min(first + 1, size - 1), at - first);
        });

    /// <summary>x […, H, W] with row weights [h, H] and column weights [w, W] to […, h, w].</summary>
    public static Tensor Apply(Tensor x, float[] rows, float[] columns)
    {
        var (height, width) = (x.shape[^2], x.shape[^1]);
        var r = tensor(rows, [rows.Length / height, height], device: x.device);
        var c = tensor(columns, [columns.Length / width, width], device: x.device);
        var wide = nn.functional.linear(x, c).transpose(-1, -2); // […, w, H]
        return nn.functional.linear(wide, r).transpose(-1, -2);
    }

    private static float[] Weights(int size, int target, Action<int, Action<int, double>> taps)
    {
        var weights = new double[target * size];
        for (var i = 0; i < target; i++)
        {
            var row = i * size;
            taps(i, (j, weight) => weights[row + j] += weight);
        }

        return Array.ConvertAll(weights, w => (float)w);
    }

    private static double Cubic(double x, double a) => Math.Abs(x) switch
    {
        <= 1 and var d => ((((a + 2) * d) - (a + 3)) * d * d) + 1,
        < 2 and var d => ((((d - 5) * a * d) + (8 * a)) * d) - (4 * a),
        _ => 0,
    };
}
