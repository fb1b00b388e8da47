using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Paris.Core.Jobs;

/// <summary>
/// Names one job of one run. <paramref name="Part"/> is the expert's number for <see cref="JobKind.TrainExpert"/>, the strategy for
/// <see cref="JobKind.Evaluate"/>, the request's id for <see cref="JobKind.Sample"/>, the part's number for one part of a data job that is
/// cut (<see cref="Scheduling.DataParts"/>), and empty otherwise. <paramref name="Revision"/>
/// is the revision of the ensemble that the job belongs to (<see cref="Specs.EnsembleRevision"/>): 1 is the spec's. Jobs of later revisions
/// have folders of their own, so that nothing of an earlier one is ever written over.
/// </summary>
public sealed partial record JobId(string Run, JobKind Kind, string Part = "", int Revision = 1)
{
    /// <summary>The expert's number; only for <see cref="JobKind.TrainExpert"/>.</summary>
    [JsonIgnore]
    public int Expert => int.Parse(Part, CultureInfo.InvariantCulture);

    /// <summary>The part's number of a data job that is cut; null for the job that joins the parts, or does all.</summary>
    [JsonIgnore]
    public int? DataPart => Kind is JobKind.Ingest or JobKind.Extract or JobKind.Encode && int.TryParse(Part, NumberStyles.None, CultureInfo.InvariantCulture, out var part) ? part : null;

    /// <summary>The job's folder in the store, with a trailing '/': its head, results, checkpoints and traces live there. A later revision's is <c>experts/3-r2/</c>, <c>router-r2/</c> …; a part's lies in that of its whole: <c>data/parts/3/</c>.</summary>
    [JsonIgnore]
    public string Folder => $"runs/{Run}/" + Kind switch
    {
        JobKind.Ingest => "data",
        JobKind.TrainAutoencoder => "autoencoder",
        JobKind.TrainClassifier => "classifier",
        JobKind.Extract => "features",
        JobKind.Assign => "clusters",
        JobKind.Encode => "latents",
        JobKind.Partition => "partition",
        JobKind.TrainExpert => $"experts/{Part}",
        JobKind.TrainRouter => "router",
        JobKind.TrainTwin => "twin",
        JobKind.Sample => $"samples/{Part}",
        JobKind.Evaluate => $"evaluation/{Part}",
        _ => throw new ArgumentOutOfRangeException(nameof(Kind), Kind, "Unknown job kind."),
    } + (Revision > 1 ? $"-{RevisionText}/" : "/") + (DataPart is { } part ? string.Create(CultureInfo.InvariantCulture, $"parts/{part}/") : "");

    /// <summary>The blob that says who owns the job and what is complete (DESIGN section 5).</summary>
    [JsonIgnore]
    public string HeadName => Folder + "head.json";

    /// <summary>The job's key as a grain and on the command line: <c>run/expert/3</c>, <c>run/router</c>; of revision 2: <c>run/expert/3-r2</c>, <c>run/router/r2</c>.</summary>
    [JsonIgnore]
    public string Key => Label.Length == 0 ? $"{Run}/{KindName}" : $"{Run}/{KindName}/{Label}";

    /// <summary>What tells the job from the others of its kind: <c>3</c>, <c>3-r2</c>, <c>r2</c>; empty for a kind's only one.</summary>
    [JsonIgnore]
    public string Label => Revision == 1 ? Part : Part.Length == 0 ? RevisionText : $"{Part}-{RevisionText}";

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

    private string RevisionText => string.Create(CultureInfo.InvariantCulture, $"r{Revision}");

    /// <summary>The job of one expert.</summary>
    public static JobId ForExpert(string run, int expert, int revision = 1)
        => new(run, JobKind.TrainExpert, expert.ToString(CultureInfo.InvariantCulture), revision);

    /// <summary>Reads what <see cref="Key"/> writes.</summary>
    /// <exception cref="FormatException">The text is no job key.</exception>
    public static JobId Parse(string key)
    {
        var parts = key.Split('/', 3);
        if (parts.Length >= 2)
        {
            foreach (var kind in Enum.GetValues<JobKind>())
            {
                if (new JobId(parts[0], kind).KindName == parts[1])
                {
                    return OfLabel(parts[0], kind, parts.Length == 3 ? parts[2] : "");
                }
            }
        }

        throw new FormatException($"'{key}' is not a job key; one looks like 'demo/expert/3' or 'demo/router'.");
    }

    /// <summary>The job that a <see cref="Label"/> names. Ids of samples are what they are: their revision is in their order.</summary>
    public static JobId OfLabel(string run, JobKind kind, string label)
        => kind != JobKind.Sample && RevisionInLabel().Match(label) is { Success: true } match
            && int.TryParse(match.Groups["revision"].Value, CultureInfo.InvariantCulture, out var revision)
            ? new JobId(run, kind, match.Groups["part"].Value, revision)
            : new JobId(run, kind, label);

    public override string ToString() => Key;

    [GeneratedRegex("^((?<part>.+)-)?r(?<revision>[2-9]|[1-9][0-9]{1,8})$", RegexOptions.ExplicitCapture)]
    private static partial Regex RevisionInLabel();
}
