namespace Paris.Core.Specs.Validation;

/// <summary>Numbers of clusters, samples and features that fit together.</summary>
internal sealed class ClusteringValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        var clustering = spec.Clustering;
        if (spec.Data.Limit > 0 && clustering.Clusters > spec.Data.Limit)
        {
            findings.Error("clustering.clusters", $"is {clustering.Clusters}, more than the {spec.Data.Limit} samples of 'data.limit'");
        }
        else if (spec.Data.Limit > 0 && clustering.FineClusters > spec.Data.Limit)
        {
            findings.Error("clustering.fineClusters", $"is {clustering.FineClusters}, more than the {spec.Data.Limit} samples of 'data.limit'");
        }

        if (spec.Expert.Objectives is { } objectives && objectives.Count > clustering.Clusters)
        {
            findings.Error("expert.objectives", $"has {objectives.Count} entries, more than the {clustering.Clusters} clusters");
        }

        if (spec.Router.Objectives is not null)
        {
            findings.Error("router.objectives", "cannot be given: a router learns the clusters and nothing else");
        }

        if (spec.Import is { } import)
        {
            if (import.ClusterSizes is { } sizes && sizes.Count != clustering.Clusters)
            {
                findings.Error("import.clusterSizes", $"has {sizes.Count} entries; there are {clustering.Clusters} clusters");
            }

            // There are no images to cluster.
            return;
        }

        if (clustering.FineClusters < clustering.Clusters)
        {
            findings.Error("clustering.fineClusters", $"is {clustering.FineClusters}; it must be at least 'clustering.clusters' ({clustering.Clusters})");
        }

        var pixels = (long)spec.Data.ImageSize * spec.Data.ImageSize * spec.Data.Channels;
        if (clustering.Extractor == "pixels-pca" && clustering.Dimension > pixels)
        {
            findings.Error("clustering.dimension", $"is {clustering.Dimension}, more than an image's {pixels} samples");
        }

        if (clustering.Extractor == "dinov2" && string.IsNullOrWhiteSpace(clustering.Weights))
        {
            findings.Error("clustering.weights", "is missing: the extractor 'dinov2' needs the file or folder of its weights");
        }
        else if (clustering.Extractor != "dinov2" && clustering.Weights is not null)
        {
            findings.Error("clustering.weights", $"belongs to the extractor 'dinov2'; the extractor is '{clustering.Extractor}'");
        }

        if (clustering.ResizeSize > 0 && clustering.ResizeSize < clustering.InputSize)
        {
            findings.Error("clustering.resizeSize", $"is {clustering.ResizeSize}, less than 'clustering.inputSize' ({clustering.InputSize}), which is cut out of it");
        }

        if (clustering.BalanceLimit is > 0 and < 1)
        {
            findings.Error("clustering.balanceLimit", FormattableString.Invariant($"is {clustering.BalanceLimit}; it must be 0 (no limit) or at least 1 (all clusters equal)"));
        }
    }
}
