using System.Text.Json.Serialization;

namespace Paris.Core.Specs;

/// <summary>What happens to a trained ensemble.</summary>
public enum EnsembleChangeKind
{
    /// <summary>One more expert, on half of a cluster or on new images.</summary>
    Add = 0,

    /// <summary>Another expert in the place of one, on its cluster or on new images.</summary>
    Replace = 1,

    /// <summary>One expert and its cluster less.</summary>
    Remove = 2,
}

/// <summary>How the router learns of a change. Either way it starts from the router before.</summary>
public enum RouterRefit
{
    /// <summary>Trains the readout alone; the trunk stays bit for bit.</summary>
    Head = 0,

    /// <summary>Trains every weight.</summary>
    Whole = 1,

    /// <summary>Keeps the router; only where the clusters stay what they are.</summary>
    Keep = 2,
}

/// <summary>A change of a trained ensemble as a person asks for it: body of <c>POST /api/v1/runs/{run}/experts</c>.</summary>
public sealed record EnsembleChange
{
    public required EnsembleChangeKind Change { get; init; }

    /// <summary>The revision it is made from; null takes the one in use. Given, the same request again finds what it started.</summary>
    public int? From { get; init; }

    /// <summary>The expert that is replaced or removed.</summary>
    public int? Expert { get; init; }

    /// <summary>The expert whose cluster is split for an added one.</summary>
    public int? Split { get; init; }

    /// <summary>New images for the added or replaced expert, as in <see cref="DataSpec.Images"/>.</summary>
    public string? Images { get; init; }

    /// <summary>Labels of the new images; null without.</summary>
    public string? Labels { get; init; }

    /// <summary>As <see cref="DataSpec.Kind"/>; null takes the run's.</summary>
    public string? ImagesKind { get; init; }

    /// <summary>Use only the first N of the new images; 0 uses all.</summary>
    public int Limit { get; init; }

    /// <summary>Null: <see cref="RouterRefit.Head"/>, or <see cref="RouterRefit.Keep"/> where no cluster changes.</summary>
    public RouterRefit? Router { get; init; }

    /// <summary>Optimiser steps of the expert; null takes the spec's.</summary>
    public int? Steps { get; init; }

    /// <summary>Optimiser steps of the router's refit; null takes the spec's.</summary>
    public int? RouterSteps { get; init; }

    /// <summary>Whether some cluster gets other samples: then the router has something to learn.</summary>
    [JsonIgnore]
    public bool ChangesClusters => Change != EnsembleChangeKind.Replace || Images is not null;

    /// <summary>The new images as the run would read them; null without.</summary>
    public DataSpec? DataOf(RunSpec spec) => Images is null ? null : spec.Data with
    {
        Kind = ImagesKind ?? spec.Data.Kind,
        Images = Images,
        Labels = Labels,
        TestImages = null,
        TestLabels = null,
        Limit = Limit,
    };

    /// <summary>Refuses what cannot be done to <paramref name="ensemble"/>; what was left open is filled in.</summary>
    /// <exception cref="ParisInputException">The message says what would be right.</exception>
    public EnsembleChange Check(EnsembleRevision ensemble)
    {
        var verb = Change.ToString().ToLowerInvariant();
        switch (Change)
        {
            case EnsembleChangeKind.Add:
                Refuse(Expert is not null, "'expert' has no meaning when one is added: its number is the next free one");
                Refuse(Split is null == Images is null, "an added expert needs either 'split', an expert whose cluster it takes half of, or 'images', new ones of its own");
                RefuseUnknown(ensemble, Split);
                break;
            case EnsembleChangeKind.Replace or EnsembleChangeKind.Remove:
                Refuse(Expert is null, $"'expert' is missing: say which one to {verb}");
                Refuse(Split is not null, $"'split' has no meaning for {verb}");
                RefuseUnknown(ensemble, Expert);
                break;
            default:
                throw new ParisInputException($"'change' is {(int)Change}; use add, replace or remove.");
        }

        if (Change == EnsembleChangeKind.Remove)
        {
            Refuse(Images is not null || Steps is not null, "'images' and 'steps' have no meaning for remove: no expert is trained");
            Refuse(ensemble.Members.Count == 1, $"expert {Expert} is the last one; an ensemble needs at least one");
        }

        Refuse(Images is null && (Labels is not null || ImagesKind is not null || Limit != 0), "'labels', 'imagesKind' and 'limit' describe new images: give 'images' too");
        Refuse(ImagesKind is not (null or "idx" or "folder" or "webdataset" or "list"), $"'imagesKind' is '{ImagesKind}'; use idx, folder, webdataset or list");
        Refuse(Limit < 0, $"'limit' is {Limit}; use 0 for all images or the number of the first ones to take");
        Refuse(Steps is < 1, $"'steps' is {Steps}; use at least 1");
        Refuse(RouterSteps is < 1, $"'routerSteps' is {RouterSteps}; use at least 1");
        var refit = Router ?? (ChangesClusters ? RouterRefit.Head : RouterRefit.Keep);
        Refuse(refit == RouterRefit.Keep && ChangesClusters, "'router' is keep, but the clusters change; use head or whole");
        Refuse(refit == RouterRefit.Keep && RouterSteps is not null, "'routerSteps' is given, but the router is kept; use head or whole");
        return this with { Router = refit, From = ensemble.Revision };
    }

    private static void RefuseUnknown(EnsembleRevision ensemble, int? expert) => Refuse(
        expert is { } number && ensemble.Members.All(x => x.Expert != number),
        $"there is no expert {expert} in revision {ensemble.Revision}; it has {string.Join(", ", ensemble.Members.Select(x => x.Expert))}");

    private static void Refuse(bool wrong, string message)
    {
        if (wrong)
        {
            throw new ParisInputException($"{char.ToUpperInvariant(message[0])}{message[1..]}.");
        }
    }
}
