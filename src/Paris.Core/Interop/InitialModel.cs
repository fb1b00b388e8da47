using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>
/// Weights that experts may start from (spec key <c>expert.init</c>), made by <c>paris import dit</c>: <c>inits/{name}/init.json</c>, and the
/// tensors beside it, with the keys of this project's expert. It is there once this description is written, which comes last.
/// </summary>
public sealed record InitialModel
{
    /// <summary>What it was made from: a file's name.</summary>
    public required string Source { get; init; }

    /// <summary>SHA-256 of that file.</summary>
    public required string SourceSha256 { get; init; }

    /// <summary>The tensors.</summary>
    public required BlobEntry Model { get; init; }

    public required int Hidden { get; init; }

    public required int Layers { get; init; }

    /// <summary>No tensor tells it.</summary>
    public required int Heads { get; init; }

    public required int Patch { get; init; }

    public required int MlpHidden { get; init; }

    public required int Channels { get; init; }

    /// <summary>Side of the latents its position embedding is made for.</summary>
    public required int Side { get; init; }

    public required double NormEps { get; init; }

    /// <summary>The time, 0 … 1000, at which its blocks equal those of the source.</summary>
    public required double Time { get; init; }

    /// <summary>Beginnings, or with a leading '*' parts, of the expert's keys that are not in it: they start fresh.</summary>
    public required IReadOnlyList<string> Fresh { get; init; }

    /// <summary>Whether a key of the expert starts fresh.</summary>
    public bool IsFresh(string key) => Fresh.Any(x => x.StartsWith('*') ? key.Contains(x[1..], StringComparison.Ordinal) : key.StartsWith(x, StringComparison.Ordinal));

    /// <summary>Where the description lies.</summary>
    public static string BlobName(string name) => $"inits/{Storage.BlobName.CheckRunId(name)}/init.json";

    /// <summary>Reads one; null when there is none of this name.</summary>
    /// <exception cref="ParisInputException">It is not what this program writes.</exception>
    public static async Task<InitialModel?> ReadAsync(IBlobStore store, string name, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(BlobName(name), cancellationToken).ConfigureAwait(false) is not { } blob)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<InitialModel>(blob.Bytes, WorkerProtocol.Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{BlobName(name)}' in {store.Description} describes no weights to start from ({exception.Message}); import them again under another name.", exception);
        }
    }
}
