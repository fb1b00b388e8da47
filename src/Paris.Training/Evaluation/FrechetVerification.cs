using System.Text.Json;
using Paris.Core.Formats;

namespace Paris.Training.Evaluation;

/// <summary>The golden comparison of the Fréchet distance with <c>statistics/frechet</c>.</summary>
public static class FrechetVerification
{
    private const double MomentTolerance = 1e-10;

    /// <summary>Runs every comparison.</summary>
    /// <param name="folder">The folder <c>statistics</c> of a set of fixtures.</param>
    public static IReadOnlyList<VerificationRow> Verify(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "frechet.safetensors"));
        using var facts = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "frechet.json")));
        var rows = new List<VerificationRow>();
        foreach (var item in facts.RootElement.GetProperty("cases").EnumerateArray())
        {
            var name = item.GetProperty("name").GetString()!;
            var dimension = item.GetProperty("dim").GetInt32();
            var moments = new List<(double[] Mean, double[] Covariance)>();
            foreach (var set in new[] { "1", "2" })
            {
                var (mean, covariance) = FrechetDistance.Moments(file.ToSingles($"{name}.features{set}"), dimension);
                rows.Add(VerificationRow.Compare($"statistics/frechet {name}.mu{set}", mean, file.View<double>($"{name}.mu{set}"), MomentTolerance));
                rows.Add(VerificationRow.Compare($"statistics/frechet {name}.sigma{set}", covariance, file.View<double>($"{name}.sigma{set}"), MomentTolerance));
                moments.Add((mean, covariance));
            }

            var distance = FrechetDistance.Between(moments[0].Mean, moments[0].Covariance, moments[1].Mean, moments[1].Covariance);
            rows.Add(VerificationRow.Compare(
                $"statistics/frechet {name}.distance",
                [distance],
                [item.GetProperty("distance").GetDouble()],
                item.GetProperty("suggested_abs_tolerance").GetDouble()));
        }

        return rows;
    }
}
