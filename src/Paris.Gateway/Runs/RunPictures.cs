using Paris.Core.Rest;
using Paris.Core.Storage;
using Paris.Gateway.Api;

namespace Paris.Gateway.Runs;

/// <summary>Which blobs of a run are pictures, and which blobs a browser may have at all.</summary>
internal static class RunPictures
{
    private static readonly string[] s_served = [".png", ".json", ".jsonl", ".md"];

    /// <summary>The full blob name of <paramref name="name"/> in the run's folder.</summary>
    /// <exception cref="ApiException">The name leaves the folder or is no picture, JSON, JSON Lines or Markdown.</exception>
    public static string CheckName(string run, string name)
    {
        if (!s_served.Contains(Path.GetExtension(name), StringComparer.Ordinal))
        {
            throw ApiException.NotFound($"'{name}' is not served; the gateway gives out {string.Join(", ", s_served)} of a run.");
        }

        return BlobName.Check($"runs/{run}/{name}");
    }

    /// <summary>All pictures of a run: the newest preview of each job, then what finished jobs left.</summary>
    public static IReadOnlyList<PictureView> Of(RunView run)
    {
        var pictures = new List<PictureView>();
        foreach (var job in run.Jobs)
        {
            if (job.Preview is not null && job.Preview.EndsWith(".png", StringComparison.Ordinal))
            {
                pictures.Add(new PictureView(Relative(run.Run, job.Preview), "preview", job.Key, $"{Title(job)}: newest preview"));
            }

            foreach (var (role, blob) in job.Outputs.Where(o => o.Value.EndsWith(".png", StringComparison.Ordinal)).OrderBy(o => o.Key, ByNumber))
            {
                pictures.Add(new PictureView(Relative(run.Run, blob), Kind(job.Kind, role), job.Key, Caption(job, role)));
            }
        }

        return pictures;
    }

    /// <summary>Names of a job's own pictures below the run's folder.</summary>
    public static IReadOnlyList<string> NamesOf(string run, JobView job)
        => [.. job.Outputs.Where(o => o.Value.EndsWith(".png", StringComparison.Ordinal)).OrderBy(o => o.Key, ByNumber).Select(o => Relative(run, o.Value))];

    /// <summary>Names of a job's JSON files below the run's folder.</summary>
    public static IReadOnlyList<string> FilesOf(string run, JobView job)
        => [.. job.Outputs.Where(o => o.Value.EndsWith(".json", StringComparison.Ordinal)).OrderBy(o => o.Key, ByNumber).Select(o => Relative(run, o.Value))];

    /// <summary>What a picture with this role of a job of this kind shows.</summary>
    public static string Kind(string jobKind, string role) => jobKind switch
    {
        "assign" => "sheet",
        "evaluate" => "grid",
        "sample" => "samples",
        _ => role.Contains("preview", StringComparison.Ordinal) ? "preview" : "other",
    };

    // cluster-2 before cluster-10.
    public static Comparer<string> ByNumber { get; } = Comparer<string>.Create((a, b) =>
    {
        var byStem = string.CompareOrdinal(Stem(a), Stem(b));
        return byStem != 0 ? byStem : a.Length != b.Length ? a.Length - b.Length : string.CompareOrdinal(a, b);
    });

    private static string Caption(JobView job, string role) => Kind(job.Kind, role) switch
    {
        "sheet" => role.Replace("sheet-", "cluster ", StringComparison.Ordinal),
        "grid" or "samples" when role == "grid" => job.Part,
        _ => $"{Title(job)}: {role}",
    };

    private static string Stem(string role) => role.TrimEnd("0123456789".ToCharArray());

    private static string Title(JobView job) => job.Part.Length == 0 ? job.Kind : $"{job.Kind} {job.Part}";

    private static string Relative(string run, string blob)
    {
        var folder = $"runs/{run}/";
        return blob.StartsWith(folder, StringComparison.Ordinal) ? blob[folder.Length..] : blob;
    }
}
