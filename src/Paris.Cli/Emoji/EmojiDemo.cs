using Paris.Cli.Client;
using Paris.Cli.Output;

namespace Paris.Cli.Emoji;

/// <summary>What <c>paris demo emoji</c> does before its run: the lists of pictures, and where they lie.</summary>
internal static class EmojiDemo
{
    /// <summary>The preset's name.</summary>
    public const string Preset = "emoji";

    /// <summary>The folder with <c>node_modules</c>, made by <c>infra/setup.sh emoji</c>.</summary>
    public static string Folder => Path.GetFullPath(GatewayLocator.Below("artifacts/emoji"));

    /// <summary>Writes the lists and gives the assignments that lead the preset to them.</summary>
    /// <exception cref="Core.ParisInputException">The packages are missing.</exception>
    public static IReadOnlyList<string> Prepare(CliOutput output)
    {
        var split = EmojiLists.Write(Folder);
        output.Note($"emoji: {split.Training.Count} to train on ({split.Training.Sum(c => c.Images.Count)} pictures), {split.HeldOut.Count} held out in every style");
        return [$"data.images={Path.Combine(Folder, EmojiLists.Training)}", $"data.testImages={Path.Combine(Folder, EmojiLists.HeldOut)}"];
    }
}
