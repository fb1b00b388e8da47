using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Training.Text;

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
    /// <param name="shards">All with text, or none.</param>
    /// <param name="nullText">The encoding of the empty caption, where the shards have text.</param>
    /// <exception cref="ArgumentException">There is no shard, or their contents or shapes differ.</exception>
    public SampleSet(IReadOnlyList<Shard> shards, EncodedText? nullText = null)
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

            if (_shards[i].Text?.Shape != _shards[0].Text?.Shape)
            {
                throw new ArgumentException($"Shard {i} has text of {_shards[i].Text?.Shape}, shard 0 of {_shards[0].Text?.Shape}.", nameof(shards));
            }

            _firsts[i + 1] = checked(_firsts[i] + _shards[i].Count);
        }

        Labels = Join(_shards, shard => shard.Labels);
        Ids = Join(_shards, shard => shard.Ids);
        Clusters = _shards[0].Clusters is null ? null : Join(_shards, shard => shard.Clusters!);
        NullText = nullText;
        if (Text is not null && nullText?.Shape != Text)
        {
            throw new ArgumentException($"The samples have text of {Text}, the empty caption of {nullText?.Shape}.", nameof(nullText));
        }
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

        return new SampleSet(shards, await contents.ReadNullTextAsync(store, cancellationToken).ConfigureAwait(false));
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

    /// <summary>Shapes of the encoded captions; null without text.</summary>
    public TextShape? Text => _shards[0].Text?.Shape;

    /// <summary>The encoding of the empty caption; null without text.</summary>
    public EncodedText? NullText { get; }

    /// <summary>[T, D] of the caption of sample <paramref name="index"/>; only with text.</summary>
    public void CopySequence(int index, Span<float> destination)
    {
        var (shard, offset) = Find(index);
        shard.Text!.CopySequence(offset, destination);
    }

    /// <summary>[P] of the caption of sample <paramref name="index"/>; only with text.</summary>
    public void CopyPooled(int index, Span<float> destination)
    {
        var (shard, offset) = Find(index);
        shard.Text!.CopyPooled(offset, destination);
    }

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
