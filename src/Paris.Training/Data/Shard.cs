using System.Runtime.InteropServices;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// The samples of one shard in memory: [N, …] values of one kind and, a sample, its id, class, cluster (partitioned shards) and encoded
/// caption (runs with text).
/// </summary>
public sealed class Shard
{
    /// <summary>A shard over values that are already in memory.</summary>
    /// <param name="content"><c>pixels</c>, <c>latents</c> or <c>features</c>.</param>
    /// <param name="shape">Shape of one sample.</param>
    /// <param name="values">Row-major [N, …], little-endian.</param>
    /// <param name="ids">Sample ids [N].</param>
    /// <param name="labels">Classes [N]; −1 where there is none.</param>
    /// <param name="clusters">Clusters [N]; null where the shard is not partitioned.</param>
    /// <param name="type">Type of the values; null: U8 for pixels, F32 otherwise.</param>
    /// <param name="text">Encoded captions; null in runs without text.</param>
    public Shard(string content, IReadOnlyList<int> shape, ReadOnlyMemory<byte> values, long[] ids, long[] labels, long[]? clusters = null, TensorType? type = null, ShardText? text = null)
    {
        Content = content;
        Type = type ?? ShardContent.TypeOf(content);
        Shape = shape;
        SampleSize = shape.Aggregate(1, (product, side) => checked(product * side));
        Values = values;
        Ids = ids;
        Labels = labels;
        Clusters = clusters;
        Text = text;
        var width = Type.Size();
        if (values.Length != (long)ids.Length * SampleSize * width || labels.Length != ids.Length || (clusters is not null && clusters.Length != ids.Length) || (text is not null && text.Count != ids.Length))
        {
            throw new ArgumentException($"A shard of {ids.Length} samples of {string.Join('×', shape)} has {values.Length} bytes of values, {labels.Length} labels, {clusters?.Length ?? 0} clusters, {text?.Count ?? 0} captions.");
        }
    }

    public string Content { get; }

    /// <summary>Type of the values as stored: U8, F32 or F16.</summary>
    public TensorType Type { get; }

    /// <summary>Shape of one sample: [C, H, W] or [D].</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>Numbers in one sample.</summary>
    public int SampleSize { get; }

    public int Count => Ids.Length;

    public bool IsPixels => Content == ShardContent.Pixels;

    /// <summary>All samples as stored, row-major [N, …].</summary>
    public ReadOnlyMemory<byte> Values { get; }

    public long[] Ids { get; }

    public long[] Labels { get; }

    public long[]? Clusters { get; }

    public ShardText? Text { get; }

    /// <summary>Sample <paramref name="index"/> as stored, 0 … 255; only for pixels.</summary>
    public ReadOnlySpan<byte> PixelsOf(int index) => IsPixels
        ? Values.Span.Slice(index * SampleSize, SampleSize)
        : throw new InvalidOperationException($"A shard of {Content} holds no pixels.");

    /// <summary>Sample <paramref name="index"/> as stored; only for float32 contents.</summary>
    public ReadOnlySpan<float> FloatsOf(int index) => AllFloats().Slice(index * SampleSize, SampleSize);

    /// <summary>All samples as stored; only for float32 contents.</summary>
    public ReadOnlySpan<float> AllFloats() => Type == TensorType.F32
        ? MemoryMarshal.Cast<byte, float>(Values.Span)
        : throw new InvalidOperationException($"A shard of {Content} stored as {Type} holds no float32.");

    /// <summary>The stored bytes of sample <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> BytesOf(int index)
    {
        var width = SampleSize * Type.Size();
        return Values.Span.Slice(index * width, width);
    }

    /// <summary>Sample <paramref name="index"/> as the models see it: latents as they are, pixels as x = px/127.5 − 1.</summary>
    public void CopyTo(int index, Span<float> destination)
    {
        if (IsPixels)
        {
            Pixels.ToFloat(PixelsOf(index), destination);
        }
        else if (Type == TensorType.F16)
        {
            FloatFormats.HalfToSingle(MemoryMarshal.Cast<byte, Half>(BytesOf(index)), destination);
        }
        else
        {
            FloatsOf(index).CopyTo(destination);
        }
    }
}
