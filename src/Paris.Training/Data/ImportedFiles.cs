using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Models;
using Paris.Training.Jobs;

namespace Paris.Training.Data;

/// <summary>The models that came along with imported weights (<c>runs/{run}/import/vae</c>, <c>text_encoder</c>): published folders as they were.</summary>
public static class ImportedFiles
{
    /// <summary>Names of a model's weights in a published folder, the preferred first.</summary>
    private static readonly string[] _weights =
    [
        "diffusion_pytorch_model.safetensors", "model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "model.fp16.safetensors",
        "diffusion_pytorch_model.bin", "pytorch_model.bin",
    ];

    /// <summary>The file of weights in a folder of this machine, by its usual names.</summary>
    /// <exception cref="ParisInputException">None of them is there.</exception>
    public static string WeightsIn(string folder) => _weights.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
        ?? throw new ParisInputException($"'{folder}' holds no weights; expected one of {string.Join(", ", _weights)}.");

    /// <summary>Opens the weights and configuration of an imported folder while <paramref name="read"/> runs.</summary>
    /// <param name="context">The job.</param>
    /// <param name="folder"><c>vae</c>, <c>text_encoder</c>.</param>
    /// <param name="read">Takes the weights, and <c>config.json</c> (empty where there is none).</param>
    /// <exception cref="ParisInputException">The run brought no such folder, or its files cannot be read.</exception>
    public static T Read<T>(JobContext context, string folder, Func<SafetensorsFile, ModelConfig, T> read)
    {
        string Name(string file) => EnsembleImport.CompanionName(context.Spec.Name, $"{folder}/{file}");
        var name = _weights.Select(Name).FirstOrDefault(blob => JobContext.Await(context.Store.HeadAsync(blob)) is not null)
            ?? throw new ParisInputException($"run '{context.Spec.Name}' was imported without '{folder}'; import the folder again with it.");
        var config = JobContext.Await(context.Store.GetAsync(Name("config.json"))) is { } json ? ModelConfig.Parse(json.Bytes, Name("config.json")) : ModelConfig.Empty;
        using var blob = JobContext.Await(context.Store.OpenReadAsync(name));
        if (!name.EndsWith(".bin", StringComparison.Ordinal) && blob.CanSeek)
        {
            using var file = SafetensorsFile.FromStream(blob, name);
            return read(file, config);
        }

        // A file of torch.save is a zip; it is read where it can be read from anywhere.
        var copy = Path.Combine(Path.GetTempPath(), $"paris-import-{Guid.NewGuid():N}{Path.GetExtension(name)}");
        try
        {
            using (var target = File.Create(copy))
            {
                blob.CopyTo(target);
            }

            using var file = WeightsOnDisk.OpenTensors(copy);
            return read(file, config);
        }
        finally
        {
            File.Delete(copy);
        }
    }
}
