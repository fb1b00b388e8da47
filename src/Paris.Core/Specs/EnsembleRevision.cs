using System.Globalization;
using System.Text.Json.Serialization;
using Paris.Core.Jobs;
using Paris.Core.Random;

namespace Paris.Core.Specs;

/// <summary>An expert of an ensemble.</summary>
/// <param name="Expert">Its number, the same as its cluster's.</param>
/// <param name="Since">The revision that trained its weights.</param>
/// <param name="Source">The revision whose images its cluster is made of.</param>
public sealed record EnsembleMember(int Expert, int Since, int Source)
{
    /// <summary>Who trained it; the folder of its weights.</summary>
    public JobId Job(string run) => JobId.ForExpert(run, Expert, Since);
}

/// <summary>
/// One revision of a run's ensemble: which experts, which router, which clusters. Revision 1 is the spec's; a later one is the revision
/// before with one <see cref="EnsembleChange"/>, and lies as <c>runs/{run}/ensemble-{n}.json</c> in the store from before its first job starts,
/// never changed. It is an order until its models are trained; then <see cref="EnsembleState.Current"/> names it, in one conditional write.
/// </summary>
public sealed record EnsembleRevision
{
    /// <summary>From 1.</summary>
    public required int Revision { get; init; }

    /// <summary>The revision it changes; 0 for the first.</summary>
    public int Base { get; init; }

    /// <summary>What it changes; null for the first.</summary>
    public EnsembleChange? Change { get; init; }

    /// <summary>The experts by number; the router's output i is about entry i.</summary>
    public required IReadOnlyList<EnsembleMember> Members { get; init; }

    /// <summary>The revision whose router serves.</summary>
    public int Router { get; init; } = 1;

    /// <summary>The revision whose partition holds the clusters; it may hold those of removed experts too.</summary>
    public int Partition { get; init; } = 1;

    /// <summary>The number the next added expert gets: numbers of removed experts are not given away again.</summary>
    public required int NextExpert { get; init; }

    /// <summary>The revision that the spec alone describes.</summary>
    public static EnsembleRevision First(RunSpec spec) => new()
    {
        Revision = 1,
        Members = [.. Enumerable.Range(0, spec.Clustering.Clusters).Select(k => new EnsembleMember(k, 1, 1))],
        NextExpert = spec.Clustering.Clusters,
    };

    /// <summary>The member of this number.</summary>
    /// <exception cref="ParisInputException">There is none.</exception>
    public EnsembleMember Member(int expert) => Members.FirstOrDefault(x => x.Expert == expert)
        ?? throw new ParisInputException($"There is no expert {expert} in revision {Revision}; it has {string.Join(", ", Members.Select(x => x.Expert))}.");

    /// <summary>The expert that this revision trains; null when it trains none.</summary>
    [JsonIgnore]
    public EnsembleMember? Trained => Change is null ? null : Members.FirstOrDefault(x => x.Since == Revision);

    /// <summary>The jobs whose models draw its images: experts, then the router.</summary>
    public IReadOnlyList<JobId> Models(string run) => [.. Members.Select(x => x.Job(run)), new JobId(run, JobKind.TrainRouter, Revision: Router)];

    /// <summary>The revision after a change.</summary>
    /// <param name="change">What changes.</param>
    /// <param name="number">The new revision's number, above this one's.</param>
    /// <exception cref="ParisInputException">The change cannot be done.</exception>
    public EnsembleRevision With(EnsembleChange change, int number)
    {
        change = change.Check(this);
        var expert = change.Change == EnsembleChangeKind.Add ? NextExpert : change.Expert!.Value;
        var others = Members.Where(x => x.Expert != expert);
        var source = change.Images is not null ? number : change.Change == EnsembleChangeKind.Remove ? 0 : Member(change.Split ?? expert).Source;
        return this with
        {
            Revision = number,
            Base = Revision,
            Change = change,
            Members = change.Change == EnsembleChangeKind.Remove
                ? [.. others]
                : [.. others.Append(new EnsembleMember(expert, number, source)).OrderBy(x => x.Expert)],
            Router = change.Router == RouterRefit.Keep ? Router : number,

            // A removed cluster stays where it is and is read by nobody.
            Partition = change.Images is null && change.Split is null ? Partition : number,
            NextExpert = Math.Max(NextExpert, expert + 1),
        };
    }

    /// <summary>The seed of what a revision trains: the run's for the first, so that it stays what it was.</summary>
    public static ulong SeedOf(ulong seed, int revision)
    {
        if (revision == 1)
        {
            return seed;
        }

        var block = new PhiloxKey(seed, RandomPurpose.Revision, step: revision).Block(0);
        return ((ulong)block.W1 << 32) | block.W0;
    }

    /// <summary>Where a later revision lies.</summary>
    public static string BlobName(string run, int revision) => string.Create(CultureInfo.InvariantCulture, $"{Prefix(run)}{revision}.json");

    /// <summary>What the names of all later revisions begin with.</summary>
    public static string Prefix(string run) => $"runs/{run}/ensemble-";
}

/// <summary>The content of <c>runs/{run}/ensemble.json</c>: which revision is in use. Each change of it is one conditional write.</summary>
public sealed record EnsembleState
{
    /// <summary>The revision in use.</summary>
    public int Current { get; init; } = 1;

    /// <summary>Revisions that were taken back.</summary>
    public IReadOnlyList<int> Discarded { get; init; } = [];

    /// <summary>The blob's name.</summary>
    public static string BlobName(string run) => $"runs/{run}/ensemble.json";
}
