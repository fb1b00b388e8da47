using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>Names of the tensors that hold a shard's samples.</summary>
public static class ShardContent
{
    /// <summary>U8 [N, C, H, W].</summary>
    public const string Pixels = "pixels";

    /// <summary>F32 or F16 [N, c, h, w], standardised a channel.</summary>
    public const string Latents = "latents";

    /// <summary>F32 [N, D].</summary>
    public const string Features = "features";

    /// <summary>Beside pixels or latents, F16 [N, T, D]: the encoded captions.</summary>
    public const string Text = Paris.Training.Text.TextFile.Text;

    /// <summary>Beside <see cref="Text"/>, F16 [N, P].</summary>
    public const string Pooled = Paris.Training.Text.TextFile.Pooled;

    /// <summary>The type of a content's values where nothing else is said.</summary>
    public static TensorType TypeOf(string content) => content == Pixels ? TensorType.U8 : TensorType.F32;
}
