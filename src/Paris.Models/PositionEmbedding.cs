using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>The fixed 2-D sine-cosine position table of DiT (fixture dit-tiny, key <c>pos_embed</c>).</summary>
public static class PositionEmbedding
{
    /// <summary>The table [1, side·side, D]: for every token the first D/2 numbers code its column, the others its row; sines first, then cosines.</summary>
    /// <param name="hidden">D, a multiple of 4.</param>
    /// <param name="side">Tokens a side.</param>
    public static float[] Table(int hidden, int side)
    {
        if (hidden % 4 != 0)
        {
            throw new ArgumentException($"The position table needs a width divisible by 4, not {hidden}.", nameof(hidden));
        }

        var quarter = hidden / 4;
        var table = new float[side * side * hidden];
        for (var row = 0; row < side; row++)
        {
            for (var column = 0; column < side; column++)
            {
                var at = ((row * side) + column) * hidden;
                for (var i = 0; i < quarter; i++)
                {
                    var omega = 1.0 / Math.Pow(10000.0, (double)i / quarter);
                    table[at + i] = (float)Math.Sin(column * omega);
                    table[at + quarter + i] = (float)Math.Cos(column * omega);
                    table[at + (2 * quarter) + i] = (float)Math.Sin(row * omega);
                    table[at + (3 * quarter) + i] = (float)Math.Cos(row * omega);
                }
            }
        }

        return table;
    }

    /// <summary>The table as a tensor [1, side·side, D].</summary>
    public static Tensor Create(int hidden, int side) => tensor(Table(hidden, side), [1, (long)side * side, hidden], dtype: ScalarType.Float32);
}
