namespace Paris.Core.Jobs;

/// <summary>The kinds of device work (DESIGN section 1). The order is the order of the phases.</summary>
public enum JobKind
{
    /// <summary>Source files to pixel shards.</summary>
    Ingest = 0,

    /// <summary>Trains the small shared autoencoder on pixel shards.</summary>
    TrainAutoencoder = 1,

    /// <summary>Trains the evaluation's classifier and computes the features of real images.</summary>
    TrainClassifier = 2,

    /// <summary>Pixel shards to features for clustering.</summary>
    Extract = 3,

    /// <summary>Features to clusters: two-stage k-means, contact sheets.</summary>
    Assign = 4,

    /// <summary>Pixel shards to latent shards.</summary>
    Encode = 5,

    /// <summary>Latent (or pixel) shards and assignment to one set of shards a cluster.</summary>
    Partition = 6,

    /// <summary>One expert on one cluster.</summary>
    TrainExpert = 7,

    /// <summary>The router on all clusters.</summary>
    TrainRouter = 8,

    /// <summary>The monolithic baseline on all clusters.</summary>
    TrainTwin = 9,

    /// <summary>Images by one strategy, on request.</summary>
    Sample = 10,

    /// <summary>One strategy's grid, samples and scores.</summary>
    Evaluate = 11,
}
