using System.Text.Json;
using System.Text.Json.Serialization;
using Paris.Core;

namespace Paris.Training.Clustering;

/// <summary>What a clustering made of a data set: the JSON blob with the role <c>manifest</c> of the job <c>assign</c>.</summary>
public sealed record ClusterReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public required int Clusters { get; init; }

    public required int FineClusters { get; init; }

    /// <summary>Numbers in one feature.</summary>
    public required int Dimension { get; init; }

    public required string Extractor { get; init; }

    public required bool Spherical { get; init; }

    public required long Samples { get; init; }

    /// <summary>Samples a cluster.</summary>
    public required IReadOnlyList<long> Sizes { get; init; }

    /// <summary>Sizes over their sum.</summary>
    public required IReadOnlyList<double> Shares { get; init; }

    public required double LargestShare { get; init; }

    /// <summary>Share of the labelled samples that have the most frequent class of their cluster; null without labels.</summary>
    public double? Purity { get; init; }

    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Samples by cluster and class; empty without labels.</summary>
    public IReadOnlyList<IReadOnlyList<long>> ClassCounts { get; init; } = [];

    public required double FineInertia { get; init; }

    public required double CoarseInertia { get; init; }

    /// <summary>Empty clusters that were given a sample while iterating.</summary>
    public int Repairs { get; init; }

    /// <summary>Samples that the balance limit moved.</summary>
    public int Moved { get; init; }

    /// <summary>Samples near to an earlier one; null where nobody looked.</summary>
    public int? NearDuplicates { get; init; }

    /// <summary>Whether they are left out of every cluster: sizes, shares and purity then do not count them.</summary>
    public bool Dropped { get; init; }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads what <see cref="ToBytes"/> writes.</summary>
    /// <exception cref="ParisInputException">The bytes are no such report.</exception>
    public static ClusterReport Parse(ReadOnlySpan<byte> bytes, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<ClusterReport>(bytes, Json) ?? throw new ParisInputException($"'{name}' is not a report of clusters: it is empty.");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{name}' is not a report of clusters: {exception.Message}", exception);
        }
    }

    /// <summary>Counts sizes, shares and purity.</summary>
    /// <param name="assignments">Cluster of every sample; −1 for those in none.</param>
    /// <param name="labels">Class of every sample, −1 where there is none.</param>
    /// <param name="clusters">K.</param>
    public static (long[] Sizes, long[][] ClassCounts, double? Purity) Count(ReadOnlySpan<int> assignments, ReadOnlySpan<long> labels, int clusters)
    {
        var classes = 0;
        foreach (var label in labels)
        {
            classes = Math.Max(classes, (int)label + 1);
        }

        var sizes = new long[clusters];
        var counts = Enumerable.Range(0, clusters).Select(_ => new long[classes]).ToArray();
        var labelled = 0L;
        for (var i = 0; i < assignments.Length; i++)
        {
            if (assignments[i] < 0)
            {
                continue;
            }

            sizes[assignments[i]]++;
            if (labels[i] >= 0)
            {
                counts[assignments[i]][labels[i]]++;
                labelled++;
            }
        }

        return labelled == 0 ? (sizes, [], null) : (sizes, counts, counts.Sum(cluster => cluster.Max()) / (double)labelled);
    }
}
