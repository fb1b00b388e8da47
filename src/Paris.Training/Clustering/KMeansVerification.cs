using System.Globalization;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Clustering;

/// <summary>The golden comparison of k-means with <c>statistics/kmeans</c>: assignments exactly, centroids and inertia within rounding.</summary>
public static class KMeansVerification
{
    private const double CentroidTolerance = 1e-9;
    private const double InertiaTolerance = 1e-9; // relative

    /// <summary>Runs every comparison.</summary>
    /// <param name="folder">The folder <c>statistics</c> of a set of fixtures.</param>
    /// <exception cref="ParisInputException">A file is missing or not what it should be.</exception>
    public static IReadOnlyList<VerificationRow> Verify(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "kmeans.safetensors"));
        using var facts = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "kmeans.json")));
        var rows = new List<VerificationRow>();
        var dimension = (int)file.Require("points", TensorType.F32, -1, -1).Shape[1];
        var points = file.View<float>("points").ToArray();
        var initial = Widen(file.View<float>("initial_centroids"));
        foreach (var spherical in new[] { false, true })
        {
            var metric = spherical ? "spherical" : "euclidean";
            var matrix = new PointMatrix(points, dimension, normalise: spherical);
            foreach (var iterations in new[] { 1, 2, 10 })
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{metric}.iter{iterations}");
                var run = KMeans.Iterate(matrix, null, initial, initial.Length / dimension, iterations, spherical);
                var (next, _, nextInertia) = KMeans.Assign(matrix, null, run.Centroids, spherical);
                rows.Add(Exact($"{name}.assignments", run.Assignments, file));
                rows.Add(VerificationRow.Compare(Full($"{name}.centroids"), run.Centroids, file.View<double>($"{name}.centroids"), CentroidTolerance));
                rows.Add(Exact($"{name}.next_assignments", next, file));
                var expected = facts.RootElement.GetProperty(metric).GetProperty(string.Create(CultureInfo.InvariantCulture, $"iter{iterations}"));
                rows.Add(Inertia($"{name}.inertia_assign", run.Inertia, expected));
                rows.Add(Inertia($"{name}.inertia_updated", KMeans.Inertia(matrix, null, run.Assignments, run.Centroids, spherical), expected));
                rows.Add(Inertia($"{name}.next_inertia", nextInertia, expected));
            }
        }

        rows.AddRange(Hierarchical(file, points, dimension));
        return rows;
    }

    private static IEnumerable<VerificationRow> Hierarchical(SafetensorsFile file, float[] points, int dimension)
    {
        var initialFine = Widen(file.View<float>("hierarchical.initial_fine_centroids"));
        var initialCoarse = Widen(file.View<float>("hierarchical.initial_coarse_centroids"));
        var fineClusters = initialFine.Length / dimension;
        var fine = KMeans.Iterate(new PointMatrix(points, dimension, normalise: false), null, initialFine, fineClusters, 10, spherical: false);
        var counts = new int[fineClusters];
        foreach (var cluster in fine.Assignments)
        {
            counts[cluster]++;
        }

        var weights = counts.Select(count => (double)count).ToArray();
        var coarse = KMeans.Iterate(new PointMatrix(fine.Centroids, dimension, normalise: false), weights, initialCoarse, initialCoarse.Length / dimension, 10, spherical: false);
        var labels = fine.Assignments.Select(cluster => coarse.Assignments[cluster]).ToArray();
        yield return Exact("hierarchical.fine_assignments", fine.Assignments, file);
        yield return Exact("hierarchical.fine_counts", counts, file);
        yield return VerificationRow.Compare(Full("hierarchical.fine_centroids"), fine.Centroids, file.View<double>("hierarchical.fine_centroids"), CentroidTolerance);
        yield return Exact("hierarchical.coarse_of_fine", coarse.Assignments, file);
        yield return VerificationRow.Compare(Full("hierarchical.coarse_centroids"), coarse.Centroids, file.View<double>("hierarchical.coarse_centroids"), CentroidTolerance);
        yield return Exact("hierarchical.labels", labels, file);
    }

    private static VerificationRow Exact(string name, int[] actual, SafetensorsFile file)
        => VerificationRow.Compare(Full(name), Widen(actual), Widen(file.View<int>(name)), tolerance: 0);

    private static VerificationRow Inertia(string name, double actual, JsonElement expected)
    {
        var value = expected.GetProperty(name[(name.LastIndexOf('.') + 1)..]).GetDouble();
        return VerificationRow.Compare(Full(name), [actual], [value], Math.Abs(value) * InertiaTolerance);
    }

    private static string Full(string name) => $"statistics/kmeans {name}";

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] = values[i];
        }

        return wide;
    }

    private static double[] Widen(ReadOnlySpan<int> values)
    {
        var wide = new double[values.Length];
        for (var i = 0; i < wide.Length; i++)
        {
            wide[i] = values[i];
        }

        return wide;
    }
}
