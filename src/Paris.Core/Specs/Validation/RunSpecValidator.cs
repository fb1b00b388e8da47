namespace Paris.Core.Specs.Validation;

/// <summary>All checks of a specification, in the order in which their errors are reported.</summary>
public static class RunSpecValidator
{
    private static readonly ISpecValidator[] Validators =
    [
        new NameValidator(),
        new DataValidator(),
        new AutoencoderValidator(),
        new ModelValidator(),
        new ImageSizeValidator(),
        new OwnExpertsValidator(),
        new InitValidator(),
        new ConditionValidator(),
        new TextValidator(),
        new ClusteringValidator(),
        new OptimizationValidator(),
        new ResourcesValidator(),
        new SamplingValidator(),
        new EvaluationValidator(),
    ];

    /// <summary>Checks a specification made in code.</summary>
    /// <returns>The specification with its presets filled in, and the warnings.</returns>
    /// <exception cref="ParisInputException">It is not valid; the message is the first error.</exception>
    public static LoadedSpec Check(RunSpec spec)
    {
        var findings = new SpecFindings();
        var resolved = ResolveAndValidate(spec, findings);
        return findings.Errors is [var first, ..]
            ? throw new ParisInputException($"The specification is not valid: {first.Message}")
            : new LoadedSpec(resolved, [.. findings.Warnings.Select(warning => warning.Message)]);
    }

    /// <summary>What can be known only once the samples are counted.</summary>
    /// <exception cref="ParisInputException">There are fewer samples than clusters or fine clusters.</exception>
    public static void CheckSamples(RunSpec spec, long samples)
    {
        if (spec.Clustering.Clusters > samples)
        {
            throw new ParisInputException($"'clustering.clusters' is {spec.Clustering.Clusters}, but the data has {samples} samples; use at most as many clusters as samples.");
        }

        if (spec.Clustering.FineClusters > samples)
        {
            throw new ParisInputException($"'clustering.fineClusters' is {spec.Clustering.FineClusters}, but the data has {samples} samples; use at most as many as samples.");
        }
    }

    internal static RunSpec ResolveAndValidate(RunSpec spec, SpecFindings findings)
    {
        KeyValidator.Validate(spec, "", findings);
        if (findings.Errors.Count > 0)
        {
            return spec; // the other validators may rely on ranges
        }

        foreach (var (model, path) in new[] { (spec.Expert.Model, "expert.model"), (spec.Router.Model, "router.model") })
        {
            try
            {
                model.Resolve(path);
            }
            catch (ParisInputException e)
            {
                findings.Error(path, e);
                return spec;
            }
        }

        spec = spec.Resolve();
        foreach (var validator in Validators)
        {
            validator.Validate(spec, findings);
        }

        return spec;
    }
}
