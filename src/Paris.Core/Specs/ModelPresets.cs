namespace Paris.Core.Specs;

/// <summary>Named model sizes: DiT's table (S, B, L, XL) and smaller ones of this project.</summary>
public static class ModelPresets
{
    public static IReadOnlyDictionary<string, (int Hidden, int Layers, int Heads, int Patch)> All { get; } =
        new Dictionary<string, (int, int, int, int)>(StringComparer.OrdinalIgnoreCase)
        {
            ["nano"] = (64, 2, 4, 2),
            ["micro"] = (96, 4, 4, 2),
            ["tiny"] = (128, 4, 4, 2),
            ["mini"] = (256, 6, 4, 2),
            ["DiT-S/2"] = (384, 12, 6, 2),
            ["DiT-B/2"] = (768, 12, 12, 2),
            ["DiT-L/2"] = (1024, 24, 16, 2),
            ["DiT-XL/2"] = (1152, 28, 16, 2),
        };

    /// <summary>The names, smallest first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Keys];
}
