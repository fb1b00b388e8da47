using System.Text.Json.Serialization;

namespace Paris.Core.Jobs;

/// <summary>
/// Names one job of one run. <paramref name="Part"/> is the expert's number for <see cref="JobKind.TrainExpert"/>, the strategy for
/// <see cref="JobKind.Evaluate"/>, the request's id for <see cref="JobKind.Sample"/>, and empty otherwise.
/// </summary>
public sealed record JobId(string Run, JobKind Kind, string Part = "")
{
    /// <summary>The expert's number; only for <see cref="JobKind.TrainExpert"/>.</summary>
    [JsonIgnore]
    public int Expert => int.Parse(Part, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The job's folder in the store, with a trailing '/': its head, results, checkpoints and traces live there.</summary>
    [JsonIgnore]
    public string Folder => $"runs/{Run}/" + Kind switch
    {
        JobKind.Ingest => "data/",
        JobKind.TrainAutoencoder => "autoencoder/",
        JobKind.TrainClassifier => "classifier/",
        JobKind.Extract => "features/",
        JobKind.Assign => "clusters/",
        JobKind.Encode => "latents/",
        JobKind.Partition => "partition/",
        JobKind.TrainExpert => $"experts/{Part}/",
        JobKind.TrainRouter => "router/",
        JobKind.TrainTwin => "twin/",
        JobKind.Sample => $"samples/{Part}/",
        JobKind.Evaluate => $"evaluation/{Part}/",
        _ => throw new ArgumentOutOfRangeException(nameof(Kind), Kind, "Unknown job kind."),
    };

    /// <summary>The blob that says who owns the job and what is complete (DESIGN section 5).</summary>
    [JsonIgnore]
    public string HeadName => Folder + "head.json";

    /// <summary>The job's key as a grain and on the command line: <c>run/expert/3</c>, <c>run/router</c> …</summary>
    [JsonIgnore]
    public string Key => Part.Length == 0 ? $"{Run}/{KindName}" : $"{Run}/{KindName}/{Part}";

    /// <summary>The kind as people write it: <c>train-expert</c> is <c>expert</c>.</summary>
    [JsonIgnore]
    public string KindName => Kind switch
    {
        JobKind.Ingest => "ingest",
        JobKind.TrainAutoencoder => "autoencoder",
        JobKind.TrainClassifier => "classifier",
        JobKind.Extract => "extract",
        JobKind.Assign => "assign",
        JobKind.Encode => "encode",
        JobKind.Partition => "partition",
        JobKind.TrainExpert => "expert",
        JobKind.TrainRouter => "router",
        JobKind.TrainTwin => "twin",
        JobKind.Sample => "sample",
        JobKind.Evaluate => "evaluate",
        _ => throw new ArgumentOutOfRangeException(nameof(Kind), Kind, "Unknown job kind."),
    };

    /// <summary>The job of one expert.</summary>
    public static JobId ForExpert(string run, int expert) => new(run, JobKind.TrainExpert, expert.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Reads what <see cref="Key"/> writes.</summary>
    /// <exception cref="FormatException">The text is no job key.</exception>
    public static JobId Parse(string key)
    {
        var parts = key.Split('/', 3);
        if (parts.Length >= 2)
        {
            foreach (var kind in Enum.GetValues<JobKind>())
            {
                var id = new JobId(parts[0], kind, parts.Length == 3 ? parts[2] : "");
                if (id.KindName == parts[1])
                {
                    return id;
                }
            }
        }

        throw new FormatException($"'{key}' is not a job key; one looks like 'demo/expert/3' or 'demo/router'.");
    }

    public override string ToString() => Key;
}
