using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Training.Text;

namespace Paris.Training.Data;

/// <summary>One shard of a manifest: a complete safetensors blob of <paramref name="Count"/> consecutive samples.</summary>
/// <param name="Name">The blob's full name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="Count">Samples in it.</param>
public sealed record ShardEntry(string Name, long Bytes, string Sha256, int Count);

/// <summary>
/// The table of contents of a set of shards: the JSON blob that a job names with the role <c>manifest</c>. A reader needs nothing else:
/// what is not listed here is not part of the set.
/// </summary>
public sealed record ShardManifest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The tensor that holds the samples: <c>pixels</c> (U8), <c>latents</c> (F32) or <c>features</c> (F32).</summary>
    public required string Content { get; init; }

    /// <summary>The type of the values where it is not the content's usual one: <c>F16</c>.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<TensorType>))]
    public TensorType? Type { get; init; }

    /// <summary>Samples in all shards.</summary>
    public required long Count { get; init; }

    /// <summary>Shape of one sample: [C, H, W], or [D] for features.</summary>
    public required IReadOnlyList<int> Shape { get; init; }

    public required IReadOnlyList<ShardEntry> Shards { get; init; }

    /// <summary>Names of the classes in label order; empty without labels.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Samples a class, in label order; empty without labels.</summary>
    public IReadOnlyList<long> ClassCounts { get; init; } = [];

    /// <summary>The cluster these samples belong to; null where the shards are not partitioned.</summary>
    public int? Cluster { get; init; }

    /// <summary>Samples whose caption is in the captions blob; 0 without captions.</summary>
    public long Captions { get; init; }

    /// <summary>Shapes of the samples' encoded captions; null without text.</summary>
    public TextShape? Text { get; init; }

    /// <summary>The encoding of the empty caption (<see cref="TextFile"/> of one); with <see cref="Text"/>.</summary>
    public BlobEntry? NullText { get; init; }

    /// <summary>Where the samples came from, for people.</summary>
    public string? Source { get; init; }

    /// <summary>Numbers in one sample.</summary>
    [JsonIgnore]
    public int SampleSize => Shape.Aggregate(1, (product, side) => checked(product * side));

    /// <summary>The manifest as the bytes of its blob.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads what <see cref="ToBytes"/> writes.</summary>
    /// <exception cref="ParisInputException">The bytes are no manifest, or its numbers contradict each other.</exception>
    public static ShardManifest Parse(ReadOnlySpan<byte> bytes, string name)
    {
        ShardManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<ShardManifest>(bytes, Json);
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{name}' is not a shard manifest: {exception.Message}", exception);
        }

        if (manifest is null || manifest.Shape.Count is 0 || manifest.Shape.Any(side => side < 1) || manifest.Type is not (null or TensorType.F16) || manifest.Count != manifest.Shards.Sum(shard => (long)shard.Count))
        {
            throw new ParisInputException($"'{name}' is not a shard manifest: its shape is empty, its type is unknown or its count is not the sum of its shards.");
        }

        return manifest;
    }

    /// <summary>Reads the manifest that a job's result names.</summary>
    /// <exception cref="ParisInputException">It is missing, damaged or no manifest.</exception>
    public static async Task<ShardManifest> LoadAsync(IBlobStore store, BlobEntry entry, CancellationToken cancellationToken = default)
        => Parse(await ReadVerifiedAsync(store, entry.Name, entry.Sha256, cancellationToken).ConfigureAwait(false), entry.Name);

    /// <summary>Reads one of the shards.</summary>
    /// <exception cref="ParisInputException">It is damaged or not what the manifest says.</exception>
    public async Task<Shard> ReadShardAsync(IBlobStore store, ShardEntry entry, CancellationToken cancellationToken = default)
    {
        var bytes = await ReadVerifiedAsync(store, entry.Name, entry.Sha256, cancellationToken).ConfigureAwait(false);
        var shard = ShardFile.Read(bytes, Content, Shape, entry.Name, Type, Text);
        return shard.Count == entry.Count
            ? shard
            : throw new ParisInputException($"Shard '{entry.Name}' holds {shard.Count} samples, its manifest says {entry.Count}.");
    }

    /// <summary>Reads the encoding of the empty caption; null without text.</summary>
    /// <exception cref="ParisInputException">It is damaged or of another shape.</exception>
    public async Task<EncodedText?> ReadNullTextAsync(IBlobStore store, CancellationToken cancellationToken = default)
    {
        if (Text is null || NullText is null)
        {
            return null;
        }

        using var file = SafetensorsFile.FromBytes(await ReadVerifiedAsync(store, NullText.Name, NullText.Sha256, cancellationToken).ConfigureAwait(false), NullText.Name);
        return TextFile.Read(file, Text);
    }

    /// <summary>A blob's bytes, refused when their SHA-256 is not the listed one.</summary>
    internal static async Task<byte[]> ReadVerifiedAsync(IBlobStore store, string name, string sha256, CancellationToken cancellationToken)
    {
        var content = await store.GetAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new BlobNotFoundException(name, store.Description);
        var actual = Convert.ToHexStringLower(SHA256.HashData(content.Bytes));
        return actual == sha256
            ? content.Bytes
            : throw new ParisInputException($"Blob '{name}' in {store.Description} is damaged: its SHA-256 is {actual}, listed is {sha256}; run the job that writes it again.");
    }
}
