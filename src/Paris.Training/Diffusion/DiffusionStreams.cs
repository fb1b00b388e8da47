using Paris.Core.Random;

namespace Paris.Training.Diffusion;

/// <summary>
/// The random streams of one trainer. All noise is drawn on the CPU from them, so that a resumed trainer needs no state of a generator.
/// </summary>
/// <param name="Order">Order of samples; its step is the pass.</param>
/// <param name="Noise">ε; step and place in the batch are set a sample.</param>
/// <param name="Time">t.</param>
/// <param name="Dropout">Dropping conditions.</param>
/// <param name="Initialization">Initial weights.</param>
public sealed record DiffusionStreams(PhiloxKey Order, PhiloxKey Noise, PhiloxKey Time, PhiloxKey Dropout, PhiloxKey Initialization)
{
    /// <summary>The streams of expert k; <see cref="PhiloxKey.NoExpert"/> is the twin.</summary>
    public static DiffusionStreams ForExpert(ulong seed, int expert) => new(
        new PhiloxKey(seed, RandomPurpose.Order, expert),
        new PhiloxKey(seed, RandomPurpose.Noise, expert),
        new PhiloxKey(seed, RandomPurpose.Time, expert),
        new PhiloxKey(seed, RandomPurpose.Dropout, expert),
        new PhiloxKey(seed, RandomPurpose.Initialization, expert));

    /// <summary>The streams of a trainer with a purpose of its own (router, autoencoder, classifier): the expert's place tells them apart.</summary>
    public static DiffusionStreams ForPurpose(ulong seed, RandomPurpose purpose) => new(
        new PhiloxKey(seed, purpose, 0),
        new PhiloxKey(seed, purpose, 1),
        new PhiloxKey(seed, purpose, 2),
        new PhiloxKey(seed, purpose, 3),
        new PhiloxKey(seed, purpose, 4));
}
