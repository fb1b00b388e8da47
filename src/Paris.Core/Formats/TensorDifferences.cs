namespace Paris.Core.Formats;

/// <summary>What a file of weights lacks, has too much or has in another shape, as a sentence tells it.</summary>
public static class TensorDifferences
{
    /// <summary>Differences that are named: every one of a large model's, and not a hostile file's hundred thousand.</summary>
    private const int Named = 2000;

    /// <summary>All of them, or the first and how many more there are.</summary>
    public static string Told(IReadOnlyCollection<string> differences)
        => string.Join("; ", differences.Take(Named)) + (differences.Count > Named ? $"; and {differences.Count - Named} more" : "");
}
