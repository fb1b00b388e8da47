using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>What reading some of a data set's images gave: a part of the job <c>ingest</c>, or all of it.</summary>
internal sealed record IngestedImages
{
    public required ShardManifest Manifest { get; init; }

    /// <summary>The first 128 bits of the SHA-256 of every image's pixels, in the order of the shards.</summary>
    public required IReadOnlyList<UInt128> Digests { get; init; }

    /// <summary>JSON lines {id, caption}.</summary>
    public required IReadOnlyList<string> Captions { get; init; }

    /// <summary>JSON lines {name, reason}.</summary>
    public required IReadOnlyList<string> Bad { get; init; }

    /// <summary>As <see cref="Bad"/>, of the held-out images.</summary>
    public IReadOnlyList<string> TestBad { get; init; } = [];

    /// <summary>The held-out images; null where there are none, or another part read them.</summary>
    public ShardManifest? Test { get; init; }

    /// <summary>As <see cref="Captions"/>, of the held-out images.</summary>
    public IReadOnlyList<string> TestCaptions { get; init; } = [];

    /// <summary>Reads what a part left.</summary>
    public static IngestedImages Load(JobContext context, JobResult part)
    {
        using var digests = context.OpenTensors(part.Outputs["digests"]);
        return new IngestedImages
        {
            Manifest = Manifest(part.Outputs["manifest"]),
            Digests = MemoryMarshal.Cast<long, UInt128>(digests.View<long>("digest")).ToArray(),
            Captions = Lines("captions"),
            Bad = Lines("bad-files"),
            TestBad = Lines("bad-files-test"),
            TestCaptions = Lines("captions-test"),
            Test = part.Outputs.TryGetValue("manifest-test", out var test) ? Manifest(test) : null,
        };

        ShardManifest Manifest(BlobEntry entry) => JobContext.Await(ShardManifest.LoadAsync(context.Store, entry));

        string[] Lines(string role) => part.Outputs.TryGetValue(role, out var entry)
            ? System.Text.Encoding.UTF8.GetString(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default))).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : [];
    }

    /// <summary>Writes it as a part's outputs.</summary>
    public Dictionary<string, BlobEntry> Save(JobContext context)
    {
        var outputs = new Dictionary<string, BlobEntry>
        {
            ["manifest"] = Put(context, "manifest.json", Manifest.ToBytes()),
            ["digests"] = Put(context, "digests.safetensors", SafetensorsWriter.ToBytes(
                [TensorData.Of("digest", MemoryMarshal.Cast<UInt128, long>(Digests.ToArray()).ToArray(), Digests.Count, 2)])),
        };
        SaveLines(context, outputs);
        if (TestBad.Count > 0)
        {
            outputs["bad-files-test"] = Put(context, "bad-files-test.jsonl", JsonLines.ToBytes(TestBad));
        }

        return outputs;
    }

    /// <summary>Adds the outputs that people and later jobs read: captions, bad files, the held-out images.</summary>
    public void SaveLines(JobContext context, Dictionary<string, BlobEntry> outputs)
    {
        if (Captions.Count > 0)
        {
            outputs["captions"] = Put(context, "captions.jsonl", JsonLines.ToBytes(Captions));
        }

        if (TestCaptions.Count > 0)
        {
            outputs["captions-test"] = Put(context, "captions-test.jsonl", JsonLines.ToBytes(TestCaptions));
        }

        if (Bad.Count > 0)
        {
            outputs["bad-files"] = Put(context, "bad-files.jsonl", JsonLines.ToBytes(Bad));
        }

        if (Test is not null)
        {
            outputs["manifest-test"] = Put(context, "manifest-test.json", Test.ToBytes());
        }
    }

    private static BlobEntry Put(JobContext context, string name, byte[] content) => JobContext.Await(context.Fence.PutOutputAsync(name, content));
}
