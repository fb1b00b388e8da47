using Paris.Core.Formats;
using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>A trained model as safetensors: averaged weights where there is an average, buffers, and metadata that says what it is.</summary>
public static class ModelFile
{
    /// <summary>The file, a copy of the model as it is now; of any size.</summary>
    public static ChunkStream Write(nn.Module module, FlatParameters parameters, IReadOnlyDictionary<string, string> metadata)
    {
        var tensors = new List<TensorSpec>();
        var chunks = new List<ReadOnlyMemory<byte>> { default };
        parameters.WithAverage(() =>
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            foreach (var (name, tensor) in module.state_dict())
            {
                // A copy: the average goes back to its place before the file is written.
                chunks.Add(tensor.detach().cpu().contiguous().bytes.ToArray());
                tensors.Add(new TensorSpec(name, TensorType.F32, tensor.shape));
            }
        });

        // The writer puts the header down at once; the data follow as they were copied.
        using var header = new MemoryStream();
        _ = new SafetensorsWriter(header, tensors, metadata);
        chunks[0] = header.ToArray();
        return new ChunkStream(chunks);
    }
}
