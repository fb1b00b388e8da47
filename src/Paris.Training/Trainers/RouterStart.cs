using Paris.Core;
using Paris.Core.Formats;
using Paris.Models;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>Where an output of a refitted router starts.</summary>
/// <param name="Row">The output of the router before; null for a cluster that it never saw.</param>
/// <param name="Share">The part of that output's cluster that this one holds: 1, or less after a split.</param>
public readonly record struct RouterRow(int? Row, double Share);

/// <summary>
/// The weights a router's refit starts from: those of the router before, and in the last layer its rows. A cluster that was split
/// gives its row to both halves, the bias lowered by ln(share): the two probabilities add up to the old one, and no other changes.
/// A removed cluster's row is left out, so that the others keep their proportions. A cluster of new images gets the mean row.
/// </summary>
/// <param name="file">The router before.</param>
/// <param name="rows">One entry an output.</param>
public sealed class RouterStart(SafetensorsFile file, IReadOnlyList<RouterRow> rows)
{
    private const string Weight = "head.4.weight";
    private const string Bias = "head.4.bias";

    /// <exception cref="ParisInputException">The file is no router of this shape.</exception>
    internal void Apply(DiTRouter router)
    {
        var outputs = file.Contains(Bias) ? (int)file[Bias].Shape[0] : router.Clusters;
        using var before = new DiTRouter(router.Shape, outputs);
        WeightFile.Load(before, file);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var old = before.state_dict();
        foreach (var (name, tensor) in router.state_dict())
        {
            if (name is not (Weight or Bias))
            {
                tensor.copy_(old[name]);
            }
        }

        var width = router.Shape.Hidden;
        var oldWeight = file.ToSingles(Weight); // [K, D]
        var oldBias = file.ToSingles(Bias);
        var weight = new float[rows.Count * width];
        var bias = new float[rows.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            var from = rows[i].Row is { } row ? [row] : Enumerable.Range(0, outputs).ToArray();
            foreach (var k in from)
            {
                for (var d = 0; d < width; d++)
                {
                    weight[(i * width) + d] += oldWeight[(k * width) + d] / from.Length;
                }

                bias[i] += oldBias[k] / from.Length;
            }

            bias[i] += (float)Math.Log(rows[i].Share);
        }

        router.state_dict()[Weight].copy_(tensor(weight, [rows.Count, width], dtype: ScalarType.Float32));
        router.state_dict()[Bias].copy_(tensor(bias, [rows.Count], dtype: ScalarType.Float32));
    }
}
