using Paris.Core;
using Paris.Core.Formats;
using Paris.Training.Optimization;

namespace Paris.Training.Trainers;

/// <summary>
/// Checkpoints as safetensors: <c>NAME</c> (weights), <c>ema.NAME</c>, <c>exp_avg.NAME</c>, <c>exp_avg_sq.NAME</c>, and <c>buffer.NAME</c> where the
/// weights that the training started from brought fixed tensors along, all F32, and the
/// <see cref="TrainingRecord"/> as <c>__metadata__</c>. The data part is the flat buffers as they lie in memory.
/// </summary>
public static class CheckpointCodec
{
    private const string BufferPrefix = "buffer.";

    private static readonly (string Prefix, Func<StateSnapshot, byte[][]?> Buffers)[] _parts =
    [
        ("", snapshot => snapshot.Weights),
        ("ema.", snapshot => snapshot.Average),
        ("exp_avg.", snapshot => snapshot.FirstMoment),
        ("exp_avg_sq.", snapshot => snapshot.SecondMoment),
    ];

    /// <summary>A stream over the snapshot's memory; valid until the snapshot is taken again.</summary>
    public static ChunkStream Write(StateSnapshot snapshot, FlatParameters parameters)
    {
        var record = snapshot.Record ?? throw new InvalidOperationException("The snapshot holds no state yet.");
        var tensors = new List<TensorSpec>();
        var chunks = new List<ReadOnlyMemory<byte>> { default };
        foreach (var (prefix, select) in _parts)
        {
            if (select(snapshot) is { } buffers)
            {
                tensors.AddRange(parameters.Slices.Select(slice => new TensorSpec(prefix + slice.Name, TensorType.F32, slice.Shape)));
                chunks.AddRange(buffers.Select(buffer => (ReadOnlyMemory<byte>)buffer));
            }
        }

        foreach (var buffer in snapshot.Buffers)
        {
            tensors.Add(new TensorSpec(BufferPrefix + buffer.Name, TensorType.F32, buffer.Shape));
            chunks.Add(buffer.Bytes);
        }

        // The writer puts the header down at once; the data follow as they lie in memory.
        using var header = new MemoryStream();
        _ = new SafetensorsWriter(header, tensors, record.ToMetadata());
        chunks[0] = header.ToArray();
        return new ChunkStream(chunks);
    }

    /// <summary>Fills the snapshot from a checkpoint of any size, tensor by tensor.</summary>
    /// <param name="content">A seekable stream, from its position to its end.</param>
    /// <param name="name">The checkpoint's name, for messages.</param>
    /// <param name="snapshot">What is filled.</param>
    /// <param name="parameters">Where the tensors lie in it.</param>
    /// <exception cref="ParisInputException">It is no checkpoint, or one of another model.</exception>
    public static TrainingRecord Read(Stream content, string name, StateSnapshot snapshot, FlatParameters parameters)
    {
        using var file = SafetensorsFile.FromStream(content, name);
        var record = TrainingRecord.Parse(file.Metadata);
        foreach (var (prefix, select) in _parts)
        {
            if (select(snapshot) is not { } buffers)
            {
                continue;
            }

            foreach (var slice in parameters.Slices)
            {
                var tensor = file.Require(prefix + slice.Name, TensorType.F32, slice.Shape);
                file.CopyTo(tensor.Name, buffers[slice.Segment].AsSpan((int)(slice.Offset * sizeof(float)), (int)tensor.Bytes));
            }
        }

        snapshot.Buffers =
        [
            .. file.Tensors.Where(x => x.Name.StartsWith(BufferPrefix, StringComparison.Ordinal) && x.Type == TensorType.F32)
                .Select(x => new FixedTensor(x.Name[BufferPrefix.Length..], [.. x.Shape], file.ToArray<byte>(x.Name))),
        ];
        snapshot.SetRecord(record);
        return record;
    }
}
