using System.Security.Cryptography;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class ShardTests : IDisposable
{
    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public ShardTests() => _store = new LocalBlobStore(_files.Folder, TimeProvider.System);

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Samples_come_back_as_they_were_written()
    {
        var writer = new ShardWriter(Put, "shard", ShardContent.Latents, [2, 3, 1], clustered: true, expected: 4);
        for (var i = 0; i < 10; i++)
        {
            await writer.AddAsync(Values(i), id: 100 + i, label: i % 3, cluster: i % 2);
        }

        var manifest = await SaveAsync(await writer.CompleteAsync());
        var set = await SampleSet.LoadAsync(_store, manifest);

        Assert.Equal(10, set.Count);
        Assert.Equal((2, 3, 1, 6), (set.Channels, set.Height, set.Width, set.SampleSize));
        Assert.Equal(Enumerable.Range(100, 10).Select(id => (long)id), set.Ids);
        Assert.Equal([0, 1, 0, 1, 0, 1, 0, 1, 0, 1], set.Clusters!);
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], set.Labels);
        var batch = new float[12];
        set.Gather([9, 3], batch);
        Assert.Equal([.. Values(9), .. Values(3)], batch);

        // Three shards of at most four samples.
        var parsed = await ShardManifest.LoadAsync(_store, manifest);
        Assert.Equal([4, 4, 2], parsed.Shards.Select(shard => shard.Count));
        Assert.Equal([4, 3, 3], parsed.ClassCounts);
    }

    /// <summary>Half the bytes; a batch is widened where it is needed, and nothing is allocated for it.</summary>
    [Fact]
    public async Task Half_precision_takes_half_the_bytes_and_is_read_as_floats()
    {
        var (writer, full) = (new ShardWriter(Put, "half", ShardContent.Latents, [4, 8, 8], expected: 3, type: TensorType.F16), new ShardWriter(Put, "full", ShardContent.Latents, [4, 8, 8], expected: 3));
        var values = new float[7][];
        for (var i = 0; i < 7; i++)
        {
            values[i] = [.. Enumerable.Range(0, 256).Select(p => MathF.Sin((i * 256) + p) * 3)];
            await writer.AddAsync(values[i], id: i, label: -1);
            await full.AddAsync(values[i], id: i, label: -1);
        }

        var (written, whole) = (await writer.CompleteAsync(), await full.CompleteAsync());
        Assert.Equal((TensorType.F16, (TensorType?)null), (written.Type, whole.Type));
        Assert.InRange(written.Shards[0].Bytes, 3 * 512, whole.Shards[0].Bytes - (3 * 512) + 8);
        var bytes = written.ToBytes();
        Assert.Contains("\"type\": \"F16\"", System.Text.Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        var set = await SampleSet.LoadAsync(_store, await SaveAsync(written));

        var batch = new float[3 * 256];
        set.Gather([6, 0, 3], batch);
        foreach (var (place, sample) in new[] { 6, 0, 3 }.Index())
        {
            Assert.Equal(values[sample].Select(x => (float)(Half)x), batch[(place * 256)..((place + 1) * 256)]);
        }

        set.Gather([1, 2, 4], batch);
        var before = GC.GetAllocatedBytesForCurrentThread();
        set.Gather([1, 2, 4], batch);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task Pixels_are_stored_as_bytes_and_read_as_minus_one_to_one()
    {
        var writer = new ShardWriter(Put, "shard", ShardContent.Pixels, [1, 1, 3]);
        await writer.AddAsync([0, 51, 255], id: 0, label: -1);
        var manifest = await SaveAsync(await writer.CompleteAsync());

        var set = await SampleSet.LoadAsync(_store, manifest);

        var x = new float[3];
        set.CopyTo(0, x);
        Assert.Equal([-1f, (float)((51 / 127.5) - 1), 1f], x);
        Assert.Equal(new byte[] { 0, 51, 255 }, set.PixelsOf(0).ToArray());
        Assert.Null(set.Clusters);
        Assert.Equal([-1L], set.Labels);
        var back = new byte[3];
        Pixels.ToBytes(x, back);
        Assert.Equal(new byte[] { 0, 51, 255 }, back);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.CopyTo(1, x));
    }

    [Fact]
    public void Every_pixel_value_survives_the_way_there_and_back()
    {
        var bytes = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        var floats = new float[256];
        var back = new byte[256];

        Pixels.ToFloat(bytes, floats);
        Pixels.ToBytes(floats, back);

        Assert.Equal(bytes, back);
        Assert.Equal(0, Pixels.ToByte(float.NaN));
        Assert.Equal(0, Pixels.ToByte(-9));
        Assert.Equal(255, Pixels.ToByte(9));
    }

    [Fact]
    public async Task Damage_is_found()
    {
        var writer = new ShardWriter(Put, "shard", ShardContent.Pixels, [1, 1, 3]);
        await writer.AddAsync([0, 51, 255], id: 0, label: -1);
        var contents = await writer.CompleteAsync();
        var manifest = await SaveAsync(contents);
        var shard = (await _store.GetAsync(contents.Shards[0].Name))!.Bytes;
        shard[^1] ^= 1;
        await _store.PutAsync(contents.Shards[0].Name, shard, PutCondition.Always);

        var error = await Assert.ThrowsAsync<ParisInputException>(() => SampleSet.LoadAsync(_store, manifest));
        Assert.Contains(contents.Shards[0].Name, error.Message, StringComparison.Ordinal);
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);

        Assert.Throws<ParisInputException>(() => ShardManifest.Parse("{}"u8, "x"));
        Assert.Throws<ParisInputException>(() => ShardManifest.Parse((contents with { Count = 2 }).ToBytes(), "x"));
        Assert.Throws<ParisInputException>(() => ShardFile.Read(shard, ShardContent.Latents, [1, 1, 3], "x"));
        Assert.Throws<ParisInputException>(() => ShardFile.Read(shard, ShardContent.Pixels, [1, 3, 3], "x"));
    }

    private static float[] Values(int sample) => [.. Enumerable.Range(0, 6).Select(i => (sample * 10f) + i)];

    private async Task<BlobEntry> SaveAsync(ShardManifest manifest)
    {
        using var stream = new MemoryStream(manifest.ToBytes());
        return await Put("manifest.json", stream);
    }

    private async Task<BlobEntry> Put(string name, Stream content)
    {
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        var bytes = copy.ToArray();
        await _store.PutAsync(name, bytes, PutCondition.Absent);
        return new BlobEntry(name, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
