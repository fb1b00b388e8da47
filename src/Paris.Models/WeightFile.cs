using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Weights between a module and safetensors, by key.</summary>
public static class WeightFile
{
    /// <summary>Copies every tensor of the file into the parameter or buffer of its key; F16 and BF16 become F32.</summary>
    /// <param name="module">The model.</param>
    /// <param name="file">Its weights.</param>
    /// <param name="layout">How the file names them; the model's own keys when null.</param>
    /// <param name="optional">Keys of the model that the file may lack; they keep what they are.</param>
    /// <exception cref="ParisInputException">Keys are missing or unexpected, or shapes differ: the message names them all, and nothing is changed.</exception>
    public static void Load(nn.Module module, SafetensorsFile file, KeyLayout? layout = null, Func<string, bool>? optional = null)
    {
        layout ??= KeyLayout.Own;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var parts = module.state_dict()
            .Where(entry => optional is null || !optional(entry.Key) || layout.Contains(file, entry.Key))
            .SelectMany(entry => Parts(entry.Key, entry.Value, layout)).ToList();
        Check(module, file, layout, parts);

        // In the file's order, so that a file that comes as a stream is read once, front to back.
        foreach (var (source, target) in parts.OrderBy(part => file[part.Source].Offset))
        {
            if (target.device_type == TorchSharp.DeviceType.CPU && target.dtype == ScalarType.Float32 && target.is_contiguous())
            {
                file.CopySingles(source, MemoryMarshal.Cast<byte, float>(target.bytes)); // [elements], straight into the parameter
            }
            else
            {
                target.copy_(tensor(file.ToSingles(source), target.shape, dtype: ScalarType.Float32));
            }
        }
    }

    /// <summary>Builds a model and loads it; it is disposed when the file does not fit.</summary>
    public static T Loaded<T>(Func<T> build, SafetensorsFile file, KeyLayout? layout = null)
        where T : nn.Module
    {
        var model = build();
        try
        {
            Load(model, file, layout);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
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

    /// <summary>The parts of a tensor that the file keeps apart, as views in the file's orientation.</summary>
    private static IEnumerable<(string Source, Tensor Target)> Parts(string key, Tensor tensor, KeyLayout layout)
    {
        var sources = layout.Sources(key);
        var rows = sources.Length == 1 ? 0 : tensor.shape[0] / sources.Length;
        for (var i = 0; i < sources.Length; i++)
        {
            var part = sources.Length == 1 ? tensor : tensor.narrow(0, i * rows, rows);
            yield return (sources[i], layout.Transposed(sources[i]) ? part.t() : part);
        }
    }

    private static void Check(nn.Module module, SafetensorsFile file, KeyLayout layout, List<(string Source, Tensor Target)> parts)
    {
        var wrong = new List<string>();
        foreach (var (source, target) in parts)
        {
            if (!file.Contains(source))
            {
                wrong.Add($"missing '{source}'");
            }
            else if (!Sides(file[source].Shape, layout.Pointwise).SequenceEqual(Sides(target.shape, layout.Pointwise)))
            {
                wrong.Add($"'{source}' is {file[source].Spec.ShapeText}, not [{string.Join(", ", target.shape)}]");
            }
        }

        var known = parts.Select(part => part.Source).ToHashSet(StringComparer.Ordinal);
        wrong.AddRange(file.Tensors.Where(entry => !known.Contains(entry.Name) && !layout.Unused(entry.Name)).Select(entry => $"unexpected '{entry.Name}'"));
        if (wrong.Count > 0)
        {
            throw new ParisInputException($"{file.Source} does not fit {module.GetName()}: {TensorDifferences.Told(wrong)}.");
        }
    }

    private static IEnumerable<long> Sides(IReadOnlyList<long> shape, bool pointwise)
    {
        var count = shape.Count;
        while (pointwise && count > 1 && shape[count - 1] == 1)
        {
            count--;
        }

        return shape.Take(count);
    }
}
