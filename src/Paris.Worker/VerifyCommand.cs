using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Models.Verification;
using Paris.Training.Clustering;
using Paris.Training.Evaluation;
using Paris.Training.Optimization;
using Paris.Training.Sampling;

namespace Paris.Worker;

/// <summary>
/// <c>verify --fixtures DIR</c>: every golden comparison on any folder with the layout of the fixtures, one line each; a set that the folder
/// lacks is named. Exit code 1 when one fails, 2 when the folder is not usable.
/// </summary>
public static class VerifyCommand
{
    /// <summary>The comparisons: the sub-folder that must exist, and what runs on the fixtures' folder.</summary>
    private static readonly (string Folder, Func<string, IReadOnlyList<VerificationRow>> Run)[] _comparisons =
    [
        ("paris-tiny", ModelGoldens.Verify),
        ("paris-tiny", SamplingVerification.Verify),
        ("paris-tiny", InteropVerification.Verify),
        ("dit-tiny", ModelGoldens.VerifyImageNetDiT),
        ("optim", OptimizationVerification.VerifyOptimizer),
        ("training-golden", OptimizationVerification.VerifyFlowMatching),
        ("statistics", fixtures => KMeansVerification.Verify(Path.Combine(fixtures, "statistics"))),
        ("statistics", fixtures => FrechetVerification.Verify(Path.Combine(fixtures, "statistics"))),
        ("dinov2-tiny", EncoderGoldens.VerifyDinoV2),
        ("clip-text-tiny", EncoderGoldens.VerifyClipText),
        ("clip-tokenizer", TokenizerGoldens.Verify),
        ("autoencoder-kl-tiny", AutoencoderGoldens.VerifyKL),
        ("taef2", AutoencoderGoldens.VerifyTiny),
    ];

    /// <summary>Runs every comparison whose folder exists.</summary>
    /// <exception cref="ParisInputException">There is nothing to compare with.</exception>
    public static IReadOnlyList<VerificationRow> Run(string fixtures)
    {
        if (!Directory.Exists(fixtures))
        {
            throw new ParisInputException($"the fixtures' folder '{fixtures}' does not exist; give one with --fixtures.");
        }

        var rows = new List<VerificationRow>();
        foreach (var (folder, run) in _comparisons)
        {
            if (Directory.Exists(Path.Combine(fixtures, folder)))
            {
                rows.AddRange(run(fixtures));
            }
        }

        return rows.Count > 0
            ? rows
            : throw new ParisInputException($"'{fixtures}' holds none of the folders {string.Join(", ", _comparisons.Select(c => c.Folder).Distinct())}.");
    }

    /// <summary>The sets that could be compared and that the folder lacks.</summary>
    public static IReadOnlyList<string> Absent(string fixtures) =>
        [.. _comparisons.Select(c => c.Folder).Distinct().Where(folder => !Directory.Exists(Path.Combine(fixtures, folder)))];

    public static Command Create()
    {
        var fixtures = new Option<string>("--fixtures") { Description = "Folder with the golden inputs and outputs, e.g. tests/fixtures.", Required = true };
        var json = new Option<bool>("--json") { Description = "One JSON array instead of lines." };
        var command = new Command("verify", "Runs every golden comparison and prints one line each. Example: verify --fixtures tests/fixtures") { fixtures, json };
        command.SetAction(parsed =>
        {
            try
            {
                var folder = parsed.GetRequiredValue(fixtures);
                return Print(Run(folder), Absent(folder), parsed.GetValue(json));
            }
            catch (ParisInputException exception)
            {
                Console.Error.WriteLine(exception.Message);
                return 2;
            }
        });
        return command;
    }

    private static int Print(IReadOnlyList<VerificationRow> rows, IReadOnlyList<string> absent, bool json)
    {
        var failed = rows.Count(row => !row.Pass);
        if (json)
        {
            // Infinity is a legal outcome of a comparison and no JSON number.
            Console.WriteLine(JsonSerializer.Serialize(rows, new JsonSerializerOptions(WorkerProtocol.Json)
            {
                NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
            }));
        }
        else
        {
            var width = rows.Max(row => row.Name.Length);
            foreach (var row in rows)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{row.Name.PadRight(width)}  abs {row.MaxAbs:0.00e+00}  rel {row.MaxRel:0.00e+00}  tolerance {row.Tolerance:0.0e+00}  {(row.Pass ? "pass" : "FAIL")}"));
            }

            if (absent.Count > 0)
            {
                Console.WriteLine($"not compared, because the folder lacks them: {string.Join(", ", absent)}");
            }

            Console.WriteLine($"{rows.Count - failed} passed, {failed} failed");
        }

        return failed == 0 ? 0 : 1;
    }
}
