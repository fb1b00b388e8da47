namespace Paris.Training.Clustering;

/// <summary>Features of length 1.</summary>
internal static class UnitLength
{
    /// <summary>Divides a row by its Euclidean length, measured in float64; a row of zeros stays.</summary>
    public static void Apply(Span<float> row)
    {
        var sum = 0.0;
        foreach (var value in row)
        {
            sum += (double)value * value;
        }

        if (sum > 0)
        {
            var scale = 1 / Math.Sqrt(sum);
            for (var d = 0; d < row.Length; d++)
            {
                row[d] = (float)(row[d] * scale);
            }
        }
    }
}
