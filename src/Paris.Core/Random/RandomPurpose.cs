namespace Paris.Core.Random;

/// <summary>What a random number is for: numbers of different purposes never coincide. The values are part of every run's results: never renumber.</summary>
public enum RandomPurpose : byte
{
    /// <summary>Initial weights; <c>step</c> may hold the parameter's position in the model.</summary>
    Initialization = 1,

    /// <summary>The noise ε of a training sample.</summary>
    Noise = 2,

    /// <summary>The time t of a training sample.</summary>
    Time = 3,

    /// <summary>The order of samples in one pass.</summary>
    Order = 4,

    /// <summary>Dropping conditions (guidance) and activations.</summary>
    Dropout = 5,

    /// <summary>Seeding of k-means.</summary>
    Seeding = 6,

    /// <summary>The initial noise of a drawn image.</summary>
    Sampling = 7,

    /// <summary>Choosing an expert while drawing an image (cluster-first, sample-k).</summary>
    Routing = 8,

    /// <summary>Noise and times of the router's training.</summary>
    Router = 9,

    /// <summary>The autoencoder's training.</summary>
    Autoencoder = 10,

    /// <summary>The classifier's training.</summary>
    Classifier = 11,

    /// <summary>Choosing real images for an evaluation.</summary>
    Evaluation = 12,

    /// <summary>Previews while training.</summary>
    Preview = 13,

    /// <summary>Random projections and subsamples of the features.</summary>
    Features = 14,

    /// <summary>Jitter of timers and faults in simulations.</summary>
    Simulation = 15,

    /// <summary>The seed of what a later revision of the ensemble trains.</summary>
    Revision = 16,

    /// <summary>Text encoders of our own: the start of a factorisation, vectors of unknown words.</summary>
    Text = 17,
}
