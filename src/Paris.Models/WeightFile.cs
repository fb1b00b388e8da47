using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Weights between a module and safetensors, by key.</summary>
public static class WeightFile
{
    /// <summary>Copies every tensor of the file into the parameter or buffer of its key; F16 and BF16 become F32.</summary>
    /// <exception cref="ParisInputException">Keys are missing or unexpected, or shapes differ: the message names them all.</exception>
    public static void Load(nn.Module module, SafetensorsFile file)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var state = module.state_dict();
        var wrong = new List<string>();
        foreach (var (name, tensor) in state)
        {
            if (!file.Contains(name))
            {
                wrong.Add($"missing '{name}'");
            }
            else if (!file[name].Shape.SequenceEqual(tensor.shape))
            {
                wrong.Add($"'{name}' is {file[name].Spec.ShapeText}, not [{string.Join(", ", tensor.shape)}]");
            }
        }

        wrong.AddRange(file.Tensors.Where(entry => !state.ContainsKey(entry.Name)).Select(entry => $"unexpected '{entry.Name}'"));
        if (wrong.Count > 0)
        {
            throw new ParisInputException($"{file.Source} does not fit {module.GetName()}: {string.Join("; ", wrong)}.");
        }

        foreach (var (name, tensor) in state)
        {
            tensor.copy_(torch.tensor(file.ToSingles(name), tensor.shape, dtype: ScalarType.Float32));
        }
    }

    /// <summary>The module's tensors as safetensors bytes, F32, in the module's order.</summary>
    public static byte[] Save(nn.Module module, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var tensors = new List<TensorData>();
        foreach (var (name, tensor) in module.state_dict())
        {
            tensors.Add(TensorData.Of(name, MemoryMarshal.Cast<byte, float>(tensor.detach().cpu().contiguous().bytes).ToArray(), tensor.shape));
        }

        return SafetensorsWriter.ToBytes(tensors, metadata);
    }
}
