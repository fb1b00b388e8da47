namespace Paris.Core.Specs.Validation;

/// <summary>The experts that differ from the others: each is there once, and each alone can be trained.</summary>
internal sealed class OwnExpertsValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        foreach (var (i, own) in spec.Experts.Index())
        {
            var path = $"experts[{i}]";
            if (own.Expert >= spec.Clustering.Clusters)
            {
                findings.Error($"{path}.expert", $"is {own.Expert}, but the experts are 0 to {spec.Clustering.Clusters - 1}");
                continue;
            }

            if (spec.Experts.Take(i).Any(x => x.Expert == own.Expert))
            {
                findings.Error($"{path}.expert", $"is {own.Expert}, which an entry before this one describes; write both in one");
                continue;
            }

            var expert = own.Over(spec.Expert);
            if (own.Model is not null)
            {
                ModelValidator.Validate(expert.Model, $"{path}.model", findings);
                ImageSizeValidator.Validate(spec, expert.Model, $"{path}.model", findings);
            }

            if (expert.Training.Batch % expert.Training.Accumulate != 0)
            {
                findings.Error($"{path}.{(own.Accumulate > 0 ? "accumulate" : "batch")}", $"does not fit: {expert.Training.Accumulate} micro-batches do not divide a batch of {expert.Training.Batch}");
            }

            if (own.Resources is not null)
            {
                ResourcesValidator.Validate(expert, path, findings);
            }

            if (own is { Model: null, Batch: 0, Accumulate: 0, Precision: null, Resources: null })
            {
                findings.Warn(path, $"says nothing of expert {own.Expert} that 'expert' does not say");
            }
        }
    }
}
