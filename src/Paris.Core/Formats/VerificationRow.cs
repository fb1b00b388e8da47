namespace Paris.Core.Formats;

/// <summary>One golden comparison.</summary>
/// <param name="Name">Which fixture and tensor.</param>
/// <param name="MaxAbs">Largest |actual − expected|; infinite when a value is not finite or the lengths differ.</param>
/// <param name="MaxRel"><paramref name="MaxAbs"/> over the largest |expected|.</param>
/// <param name="Tolerance">Largest <paramref name="MaxAbs"/> that passes.</param>
/// <param name="Pass">Whether it passed.</param>
public sealed record VerificationRow(string Name, double MaxAbs, double MaxRel, double Tolerance, bool Pass)
{
    /// <summary>Compares two arrays element by element.</summary>
    public static VerificationRow Compare(string name, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance)
    {
        var worst = actual.Length == expected.Length ? 0 : double.PositiveInfinity;
        var largest = 0.0;
        for (var i = 0; i < Math.Min(actual.Length, expected.Length); i++)
        {
            var difference = Math.Abs((double)actual[i] - expected[i]);
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
            largest = Math.Max(largest, Math.Abs((double)expected[i]));
        }

        return Of(name, worst, largest, tolerance);
    }

    /// <summary>Compares two arrays element by element.</summary>
    public static VerificationRow Compare(string name, ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, double tolerance)
    {
        var worst = actual.Length == expected.Length ? 0 : double.PositiveInfinity;
        var largest = 0.0;
        for (var i = 0; i < Math.Min(actual.Length, expected.Length); i++)
        {
            var difference = Math.Abs(actual[i] - expected[i]);
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return Of(name, worst, largest, tolerance);
    }

    private static VerificationRow Of(string name, double worst, double largest, double tolerance)
        => new(name, worst, worst == 0 ? 0 : worst / largest, tolerance, worst <= tolerance);
}
