using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// A shard as a safetensors blob: <c>index</c> I64 [N], <c>label</c> I64 [N], in partitioned shards <c>cluster</c> I64 [N], and the
/// samples under their content's name (<see cref="ShardContent"/>).
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
        var writer = new SafetensorsWriter(destination, tensors);
        writer.Append<long>(Index, shard.Ids);
        writer.Append<long>(Label, shard.Labels);
        if (shard.Clusters is not null)
        {
            writer.Append<long>(Cluster, shard.Clusters);
        }

        writer.Append(shard.Content, shard.Values.Span);
        writer.Complete();
    }

    /// <summary>Reads a shard without copying its samples: <paramref name="bytes"/> must stay unchanged.</summary>
    /// <exception cref="ParisInputException">The bytes are no shard of this content and shape.</exception>
    public static Shard Read(ReadOnlyMemory<byte> bytes, string content, IReadOnlyList<int> shape, string name, TensorType? type = null)
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

        var data = bytes.Slice(checked((int)(file.Header.DataStart + values.Offset)), checked((int)values.Bytes));
        return new Shard(content, shape, data, file.View<long>(Index).ToArray(), file.View<long>(Label).ToArray(), clusters, stored);
    }
}
