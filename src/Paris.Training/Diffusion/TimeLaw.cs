namespace Paris.Training.Diffusion;

/// <summary>
/// How t is drawn: uniform on [0, 1), except that a share of the samples is drawn from [0.7, 1), where a router decides which cluster an
/// image will belong to.
/// </summary>
/// <param name="HighNoiseShare">Share of samples from [0.7, 1), 0 … 1.</param>
public readonly record struct TimeLaw(double HighNoiseShare)
{
    private const float HighNoiseFrom = 0.7f;

    /// <summary>t from two uniforms in [0, 1): the first chooses the part, the second the place in it.</summary>
    public float Draw(float choice, float place) => choice < HighNoiseShare
        ? HighNoiseFrom + ((1 - HighNoiseFrom) * place)
        : place;
}
