namespace Paris.Core.Rest;

/// <summary>
/// The Paris paper's routing ablation: DiT-B/2 experts with text on 3.9M LAION-Art images, FID on 50,000 images. Other model, data and
/// distance than a small run's, so only the order can be compared.
/// </summary>
public static class PaperResults
{
    /// <summary>Strategies as this project names them (<c>twin</c>: the monolithic model), best first, with the paper's FID-50K.</summary>
    public static IReadOnlyList<(string Strategy, double Fid)> Ranking { get; } = [("top-2", 22.60), ("twin", 29.64), ("top-1", 30.60), ("full", 47.89)];
}
