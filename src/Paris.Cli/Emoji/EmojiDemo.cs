using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core.Specs;

namespace Paris.Cli.Emoji;

/// <summary>What <c>paris demo emoji</c> does beside its run: lists of pictures before it, the other kind of router along with it.</summary>
/// <param name="HeldOut">Prompts that were held out.</param>
/// <param name="Seen">As many captions that are trained on.</param>
/// <param name="Assignments">What leads the preset to the lists.</param>
internal sealed record EmojiDemo(IReadOnlyList<EmojiPrompt> HeldOut, IReadOnlyList<EmojiPrompt> Seen, IReadOnlyList<string> Assignments)
{
    /// <summary>The preset's name.</summary>
    public const string Preset = "emoji";

    /// <summary>The folder with <c>node_modules</c>, made by <c>infra/setup.sh emoji</c>.</summary>
    public static string Folder => Path.GetFullPath(GatewayLocator.Below("artifacts/emoji"));

    /// <summary>Writes the lists.</summary>
    /// <exception cref="Core.ParisInputException">The packages are missing.</exception>
    public static EmojiDemo Prepare(CliOutput output)
    {
        var split = EmojiLists.Write(Folder);
        output.Note($"emoji: {split.Training.Count} to train on ({split.Training.Sum(c => c.Images.Count)} pictures), {split.HeldOut.Count} held out in every style");
        return new EmojiDemo(
            EmojiPrompt.Of(split.HeldOut),
            EmojiPrompt.Of(split.HeldOut.Select((_, i) => split.Training[(int)((long)i * split.Training.Count / split.HeldOut.Count)])),
            [$"data.images={Path.Combine(Folder, EmojiLists.Training)}", $"data.testImages={Path.Combine(Folder, EmojiLists.HeldOut)}"]);
    }

    /// <summary>
    /// A second, small run for the other kind of router: the same seed, data, autoencoder and clustering make the same latents and clusters to
    /// the bit; its experts take one step and are not used.
    /// </summary>
    public static RunSpec WithOtherRouter(RunSpec spec)
    {
        var other = spec.Router.Model.Conditioning == ModelSpec.PooledText ? "none" : ModelSpec.PooledText;
        return spec with
        {
            Name = $"{spec.Name}-router-{other}",
            Priority = spec.Priority - 1,
            Router = spec.Router with { Model = spec.Router.Model with { Conditioning = other } },
            Expert = spec.Expert with
            {
                Model = spec.Expert.Model with { Preset = "nano", Hidden = 0, Layers = 0, Heads = 0 },
                Training = spec.Expert.Training with { Steps = 1, Batch = 1, EmaDecay = 0, CheckpointEvery = 1, PreviewEvery = 0 },
            },
            Twin = false,
            Evaluation = spec.Evaluation with { Strategies = [] },
        };
    }
}
