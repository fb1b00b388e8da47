using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Training.Data;

/// <summary>
/// All samples of a manifest in memory, numbered 0 … N − 1 in the order of its shards: what a trainer draws its batches from. Safe to
/// read from several threads. Values stay as stored (one byte a pixel), so a set of any size costs what its shards cost.
/// </summary>
public sealed class SampleSet
{
    private readonly Shard[] _shards;
    private readonly int[] _firsts; // number of the first sample of each shard, then N

    /// <summary>A set over shards that are already in memory.</summary>
    /// <exception cref="ArgumentException">There is no shard, or their contents or shapes differ.</exception>
    public SampleSet(IReadOnlyList<Shard> shards)
    {
        ArgumentOutOfRangeException.ThrowIfZero(shards.Count);
        _shards = [.. shards];
        _firsts = new int[shards.Count + 1];
        for (var i = 0; i < _shards.Length; i++)
        {
            if (_shards[i].Content != _shards[0].Content || _shards[i].Type != _shards[0].Type || !_shards[i].Shape.SequenceEqual(_shards[0].Shape))
            {
                throw new ArgumentException($"Shard {i} holds {_shards[i].Content} of {string.Join('×', _shards[i].Shape)}, shard 0 {_shards[0].Content} of {string.Join('×', _shards[0].Shape)}.", nameof(shards));
            }

            _firsts[i + 1] = checked(_firsts[i] + _shards[i].Count);
        }

        Labels = Join(_shards, shard => shard.Labels);
        Ids = Join(_shards, shard => shard.Ids);
        Clusters = _shards[0].Clusters is null ? null : Join(_shards, shard => shard.Clusters!);
    }

    /// <summary>Reads all shards of a manifest and checks their hashes.</summary>
    /// <param name="store">Where the blobs are.</param>
    /// <param name="manifest">The output of a job with the role <c>manifest</c> (partition: <c>manifest-k</c>).</param>
    /// <param name="onShard">Called after every shard with the samples read so far and in all.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="ParisInputException">A blob is damaged, or the set is empty.</exception>
    public static async Task<SampleSet> LoadAsync(IBlobStore store, BlobEntry manifest, Action<long, long>? onShard = null, CancellationToken cancellationToken = default)
    {
        var contents = await ShardManifest.LoadAsync(store, manifest, cancellationToken).ConfigureAwait(false);
        if (contents.Count == 0)
        {
            throw new ParisInputException($"'{manifest.Name}' lists no samples.");
        }

        var shards = new List<Shard>(contents.Shards.Count);
        var done = 0L;
        foreach (var entry in contents.Shards)
        {
            shards.Add(await contents.ReadShardAsync(store, entry, cancellationToken).ConfigureAwait(false));
            onShard?.Invoke(done += entry.Count, contents.Count);
        }

        return new SampleSet(shards);
    }

    /// <summary>N.</summary>
    public int Count => _firsts[^1];

    /// <summary><see cref="ShardContent"/>.</summary>
    public string Content => _shards[0].Content;

    public bool IsPixels => _shards[0].IsPixels;

    /// <summary>Shape of one sample: [c, h, w].</summary>
    public IReadOnlyList<int> Shape => _shards[0].Shape;

    public int Channels => Shape[0];

    public int Height => Shape[1];

    public int Width => Shape[2];

    /// <summary>c·h·w.</summary>
    public int SampleSize => _shards[0].SampleSize;

    /// <summary>Class of every sample; −1 where there is none.</summary>
    public long[] Labels { get; }

    /// <summary>Id of every sample in the run's data set.</summary>
    public long[] Ids { get; }

    /// <summary>Cluster of every sample; null where the shards are not partitioned.</summary>
    public long[]? Clusters { get; }

    /// <summary>Sample <paramref name="index"/> as the models see it: latents as they are, pixels as x = px/127.5 − 1.</summary>
    public void CopyTo(int index, Span<float> destination)
    {
        var (shard, offset) = Find(index);
        shard.CopyTo(offset, destination[..SampleSize]);
    }

    /// <summary>Samples <paramref name="indices"/> one after the other: [B, c, h, w].</summary>
    public void Gather(ReadOnlySpan<int> indices, Span<float> destination)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            CopyTo(indices[i], destination.Slice(i * SampleSize, SampleSize));
        }
    }

    /// <summary>Sample <paramref name="index"/> as stored, 0 … 255; only for pixels.</summary>
    public ReadOnlySpan<byte> PixelsOf(int index)
    {
        var (shard, offset) = Find(index);
        return shard.PixelsOf(offset);
    }

    private (Shard Shard, int Offset) Find(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var found = Array.BinarySearch(_firsts, index);
        if (found < 0)
        {
            found = ~found - 1;
        }

        while (_shards[found].Count == 0)
        {
            found++;
        }

        return (_shards[found], index - _firsts[found]);
    }

    private static long[] Join(Shard[] shards, Func<Shard, long[]> select) => [.. shards.SelectMany(select)];
}
