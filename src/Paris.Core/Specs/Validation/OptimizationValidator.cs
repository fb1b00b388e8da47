namespace Paris.Core.Specs.Validation;

/// <summary>How autoencoder, experts and router are trained.</summary>
internal sealed class OptimizationValidator : ISpecValidator
{
    /// <summary>The part of the first average that may remain at the end.</summary>
    private const double EmaRest = 0.05;

    public void Validate(RunSpec spec, SpecFindings findings)
    {
        if (spec.Autoencoder is { Weights: null })
        {
            Validate(spec.Autoencoder.Training, "autoencoder.training", findings);
        }

        Validate(spec.Expert.Training, "expert.training", findings);
        Validate(spec.Router.Training, "router.training", findings);
        if (spec.Autoencoder is { Training.HighNoiseShare: not 0 })
        {
            findings.Error("autoencoder.training.highNoiseShare", "has no meaning: an autoencoder sees no noise; use 0");
        }
    }

    private static void Validate(OptimizationSpec training, string path, SpecFindings findings)
    {
        if (training.Batch % training.Accumulate != 0)
        {
            findings.Error($"{path}.accumulate", $"is {training.Accumulate}, which does not divide 'batch' ({training.Batch})");
        }

        var rest = Math.Pow(training.EmaDecay, training.Steps);
        if (training.EmaDecay > 0 && rest > EmaRest)
        {
            findings.Warn($"{path}.emaDecay", FormattableString.Invariant($"is {training.EmaDecay}: after {training.Steps} steps {100 * rest:0} % of such an average is what it began with; a decay up to {Math.Pow(EmaRest, 1.0 / training.Steps):0.####} fits so few steps"));
        }

        if (training.CheckpointEvery > training.Steps)
        {
            findings.Warn($"{path}.checkpointEvery", $"is {training.CheckpointEvery}, more than the {training.Steps} steps: a killed worker starts again from step 0");
        }
    }
}
