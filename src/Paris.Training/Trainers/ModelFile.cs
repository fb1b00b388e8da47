using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>A trained model as safetensors: averaged weights where there is an average, buffers, and metadata that says what it is.</summary>
public static class ModelFile
{
    /// <summary>The file's bytes.</summary>
    public static byte[] Write(nn.Module module, FlatParameters parameters, IReadOnlyDictionary<string, string> metadata)
    {
        var tensors = new List<TensorData>();
        parameters.WithAverage(() =>
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            foreach (var (name, tensor) in module.state_dict())
            {
                // A copy: the average goes back to its place before the file is written.
                var values = MemoryMarshal.Cast<byte, float>(tensor.detach().cpu().contiguous().bytes).ToArray();
                tensors.Add(TensorData.Of(name, values, tensor.shape));
            }
        });
        return SafetensorsWriter.ToBytes(tensors, metadata);
    }
}
