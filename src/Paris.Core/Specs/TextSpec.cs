using System.ComponentModel.DataAnnotations;

namespace Paris.Core.Specs;

/// <summary>How captions and prompts become what experts and router are conditioned on.</summary>
public sealed record TextSpec
{
    /// <summary>
    /// <c>clip</c>: CLIP's text encoder, as in the paper. <c>words</c>: word vectors fitted on the run's own captions, a stand-in for machines
    /// without CLIP's weights.
    /// </summary>
    [OneOf("clip", "words")]
    public string Encoder { get; init; } = "clip";

    /// <summary>
    /// CLIP: the file of its weights, or a folder with them, their <c>config.json</c> and the tokenizer's files (<c>vocab.json</c> and
    /// <c>merges.txt</c>, or OpenAI's merges), these also in a folder <c>tokenizer</c> inside or beside it. Null for <c>words</c>.
    /// </summary>
    public string? Weights { get; init; }

    /// <summary>T, rows of a caption's sequence; longer captions are cut. 0: CLIP's context (77), 16 for words.</summary>
    [Range(0, 4096)]
    public int Tokens { get; init; }

    /// <summary>Words: D of the word vectors; CLIP's width is in its weights.</summary>
    [Range(2, 4096)]
    public int Dimension { get; init; } = 64;
}
