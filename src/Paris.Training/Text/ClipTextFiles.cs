using Paris.Core;
using Paris.Core.Text;

namespace Paris.Training.Text;

/// <summary>Where the parts of a CLIP text encoder lie on this machine.</summary>
/// <param name="Weights">Safetensors, or a file of <c>torch.save</c>.</param>
/// <param name="Config">Its <c>config.json</c>; null without one.</param>
/// <param name="Tokenizer">The tokenizer's files: <c>vocab.json</c> and <c>merges.txt</c>, or OpenAI's merges.</param>
public sealed record ClipTextFiles(string Weights, string? Config, IReadOnlyList<string> Tokenizer)
{
    public const string WeightsName = "model.safetensors";

    public const string ConfigName = "config.json";

    private static readonly string[] _weights = [WeightsName, "pytorch_model.bin", "open_clip_model.safetensors", "open_clip_pytorch_model.bin"];

    private static readonly string[][] _tokenizers = [["vocab.json", "merges.txt"], [ClipVocabulary.OriginalFile]];

    /// <summary>
    /// Looks for them: the weights in the folder or its <c>text_encoder</c>, the configuration beside them, the tokenizer in the weights'
    /// folder, in a folder <c>tokenizer</c> inside it, or beside it.
    /// </summary>
    /// <param name="path">The file of weights, or a folder.</param>
    /// <exception cref="ParisInputException">A part is not there; the message says what was looked for.</exception>
    public static ClipTextFiles Find(string path)
    {
        var weights = File.Exists(path) ? path
            : new[] { path, Path.Combine(path, "text_encoder") }.SelectMany(folder => _weights.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new ParisInputException($"'{path}' holds no CLIP text weights; expected {string.Join(" or ", _weights)} there or in its folder text_encoder.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(weights))!;
        string[] places = [folder, Path.Combine(folder, "tokenizer"), Path.Combine(Path.GetDirectoryName(folder) ?? folder, "tokenizer")];
        var tokenizer = places.SelectMany(place => _tokenizers.Select(names => names.Select(name => Path.Combine(place, name)).ToArray())).FirstOrDefault(files => files.All(File.Exists))
            ?? throw new ParisInputException($"'{folder}' holds no CLIP tokenizer; expected {string.Join(" or ", _tokenizers.Select(names => string.Join(" and ", names)))} there, or in a folder tokenizer inside or beside it.");
        var config = Path.Combine(folder, ConfigName);
        return new ClipTextFiles(weights, File.Exists(config) ? config : null, tokenizer);
    }
}
