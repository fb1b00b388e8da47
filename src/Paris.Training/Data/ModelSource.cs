using Paris.Core;
using Paris.Core.Formats;
using Paris.Models;

namespace Paris.Training.Data;

/// <summary>The weights that a spec's key names: a file, or a folder with one, as people download them, and the configuration beside it.</summary>
public static class ModelSource
{
    // What a folder's file is called, the most specific first.
    private static readonly string[] _known = ["model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin", "diffusion_pytorch_model.bin"];

    private static readonly string[] _extensions = [".safetensors", ".pth", ".pt", ".bin"];

    /// <summary>Opens the weights as safetensors and reads the <c>config.json</c> beside them.</summary>
    /// <param name="value">What the spec says: a path or a <c>file:</c> URI.</param>
    /// <param name="key">The spec's key, for messages.</param>
    /// <param name="roots">Folders that may be read; null: all that this user may.</param>
    /// <param name="load">Makes the model of a safetensors file and its configuration.</param>
    /// <exception cref="ParisInputException">Nothing is there, it lies outside the allowed folders, the folder does not tell one file, or the weights are not this model's.</exception>
    public static T Load<T>(string value, string key, IReadOnlyList<string>? roots, Func<string, ModelConfig, T> load)
    {
        var path = Find(SourcePath.Resolve(value, key, roots), key);
        using var weights = WeightsOnDisk.Open(path);
        try
        {
            return load(weights.Path, ModelConfig.Beside(path));
        }
        catch (ParisInputException exception)
        {
            throw new ParisInputException($"{key}: {exception.Message}", exception);
        }
    }

    /// <summary>The one file of weights: the path itself, or the folder's.</summary>
    /// <exception cref="ParisInputException">A folder holds none, or several and none of the usual names.</exception>
    internal static string Find(string path, string key)
    {
        if (!Directory.Exists(path))
        {
            return path;
        }

        if (_known.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists) is { } known)
        {
            return known;
        }

        string[] found = [.. Directory.EnumerateFiles(path)
            .Where(file => _extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)];
        return found switch
        {
            [var only] => only,
            [] => throw new ParisInputException($"{key}: the folder '{path}' holds no weights ({string.Join(", ", _extensions)}); name the file, or a folder with one."),
            _ => throw new ParisInputException($"{key}: the folder '{path}' holds {found.Length} files of weights ({string.Join(", ", found.Take(4).Select(Path.GetFileName))}); name one of them."),
        };
    }
}
