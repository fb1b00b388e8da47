using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Text;

/// <summary>Encoded captions as safetensors: <c>text</c> F16 [B, T, D] and <c>pooled</c> F16 [B, P], as in shards.</summary>
public static class TextFile
{
    public const string Text = "text";

    public const string Pooled = "pooled";

    /// <summary>Rounds to F16.</summary>
    public static byte[] ToBytes(EncodedText text)
    {
        var shape = text.Shape;
        return SafetensorsWriter.ToBytes(
            [
                TensorData.OfSingles(Text, TensorType.F16, text.Sequence, text.Count, shape.Tokens, shape.Dimension),
                TensorData.OfSingles(Pooled, TensorType.F16, text.Pooled, text.Count, shape.Pooled),
            ]);
    }

    /// <summary>Reads what <see cref="ToBytes"/> writes.</summary>
    /// <exception cref="ParisInputException">The file holds no text of this shape.</exception>
    public static EncodedText Read(SafetensorsFile file, TextShape shape)
    {
        var count = file.Require(Text, TensorType.F16, -1, shape.Tokens, shape.Dimension).Shape[0];
        file.Require(Pooled, TensorType.F16, count, shape.Pooled);
        return new EncodedText(shape, file.ToSingles(Text), file.ToSingles(Pooled));
    }
}
