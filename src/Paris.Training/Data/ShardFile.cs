using Paris.Core;
using Paris.Core.Formats;
using Paris.Training.Text;

namespace Paris.Training.Data;

/// <summary>
/// A shard as a safetensors blob: <c>index</c> I64 [N], <c>label</c> I64 [N], in partitioned shards <c>cluster</c> I64 [N], and the
/// samples under their content's name (<see cref="ShardContent"/>); in runs with text <c>text</c> F16 [N, T, D] and <c>pooled</c> F16 [N, P].
/// </summary>
public static class ShardFile
{
    private const string Index = "index";
    private const string Label = "label";
    private const string Cluster = "cluster";

    /// <summary>Writes a shard.</summary>
    public static void Write(Stream destination, Shard shard)
    {
        long count = shard.Count;
        long[] shape = [count, .. shard.Shape.Select(side => (long)side)];
        var tensors = new List<TensorSpec> { new(Index, TensorType.I64, count), new(Label, TensorType.I64, count) };
        if (shard.Clusters is not null)
        {
            tensors.Add(new TensorSpec(Cluster, TensorType.I64, count));
        }

        tensors.Add(new TensorSpec(shard.Content, shard.Type, shape));
        if (shard.Text is { } text)
        {
            tensors.Add(new TensorSpec(ShardContent.Text, TensorType.F16, count, text.Shape.Tokens, text.Shape.Dimension));
            tensors.Add(new TensorSpec(ShardContent.Pooled, TensorType.F16, count, text.Shape.Pooled));
        }

        var writer = new SafetensorsWriter(destination, tensors);
        writer.Append<long>(Index, shard.Ids);
        writer.Append<long>(Label, shard.Labels);
        if (shard.Clusters is not null)
        {
            writer.Append<long>(Cluster, shard.Clusters);
        }

        writer.Append(shard.Content, shard.Values.Span);
        if (shard.Text is not null)
        {
            writer.Append(ShardContent.Text, shard.Text.Sequence.Span);
            writer.Append(ShardContent.Pooled, shard.Text.Pooled.Span);
        }

        writer.Complete();
    }

    /// <summary>Reads a shard without copying its samples: <paramref name="bytes"/> must stay unchanged.</summary>
    /// <exception cref="ParisInputException">The bytes are no shard of this content and shape.</exception>
    public static Shard Read(ReadOnlyMemory<byte> bytes, string content, IReadOnlyList<int> shape, string name, TensorType? type = null, TextShape? text = null)
    {
        using var file = SafetensorsFile.FromBytes(bytes, name);
        var stored = type ?? ShardContent.TypeOf(content);
        long[] expected = [-1, .. shape.Select(side => (long)side)];
        var values = file.Require(content, stored, expected);
        var count = values.Shape[0];
        file.Require(Index, TensorType.I64, count);
        file.Require(Label, TensorType.I64, count);
        long[]? clusters = null;
        if (file.Contains(Cluster))
        {
            file.Require(Cluster, TensorType.I64, count);
            clusters = file.View<long>(Cluster).ToArray();
        }

        var captions = text is null ? null : new ShardText(
            text,
            Data(file.Require(ShardContent.Text, TensorType.F16, count, text.Tokens, text.Dimension)),
            Data(file.Require(ShardContent.Pooled, TensorType.F16, count, text.Pooled)));
        return new Shard(content, shape, Data(values), file.View<long>(Index).ToArray(), file.View<long>(Label).ToArray(), clusters, stored, captions);

        ReadOnlyMemory<byte> Data(TensorEntry entry) => bytes.Slice(checked((int)(file.Header.DataStart + entry.Offset)), checked((int)entry.Bytes));
    }
}
