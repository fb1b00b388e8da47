using Paris.Core.Formats;

namespace Paris.Training.Text;

/// <summary>
/// Captions to what experts and router are conditioned on: a sequence of embeddings and one pooled embedding a caption. The null text of
/// the guidance is the encoding of the empty string. A pure function of the caption: equal captions give equal numbers in any batch.
/// </summary>
public interface ITextEncoder : IDisposable
{
    /// <summary>The name in a spec: <c>clip</c> or <c>words</c>.</summary>
    string Name { get; }

    /// <summary>Shapes of one caption's embeddings.</summary>
    TextShape Shape { get; }

    /// <summary>Encodes captions.</summary>
    /// <param name="captions">B captions; an empty one is the null text.</param>
    EncodedText Encode(IReadOnlyList<string> captions);
}

/// <summary>Shapes of one caption's embeddings.</summary>
/// <param name="Tokens">T, rows of the sequence.</param>
/// <param name="Dimension">D of a row.</param>
/// <param name="Pooled">P of the pooled embedding.</param>
public sealed record TextShape(int Tokens, int Dimension, int Pooled)
{
    /// <summary>T·D.</summary>
    public int SequenceSize => checked(Tokens * Dimension);

    public override string ToString() => $"{Tokens}×{Dimension}, pooled {Pooled}";
}

/// <summary>Encoded captions.</summary>
/// <param name="Shape">Shapes of one.</param>
/// <param name="Sequence">[B, T, D] row-major.</param>
/// <param name="Pooled">[B, P] row-major.</param>
public sealed record EncodedText(TextShape Shape, float[] Sequence, float[] Pooled)
{
    /// <summary>B.</summary>
    public int Count => Pooled.Length / Shape.Pooled;

    /// <summary>[T, D] of caption i.</summary>
    public ReadOnlySpan<float> SequenceOf(int i) => Sequence.AsSpan(i * Shape.SequenceSize, Shape.SequenceSize);

    /// <summary>[P] of caption i.</summary>
    public ReadOnlySpan<float> PooledOf(int i) => Pooled.AsSpan(i * Shape.Pooled, Shape.Pooled);

    /// <summary>The numbers as shards store them: rounded to F16, so that a prompt equals the caption it repeats.</summary>
    public EncodedText Rounded()
    {
        return new EncodedText(Shape, Round(Sequence), Round(Pooled));

        static float[] Round(float[] values)
        {
            var halves = new Half[values.Length];
            FloatFormats.SingleToHalf(values, halves);
            var result = new float[values.Length];
            FloatFormats.HalfToSingle(halves, result);
            return result;
        }
    }
}
