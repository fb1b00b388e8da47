namespace Paris.Core.Specs.Validation;

/// <summary>How images are drawn.</summary>
internal sealed class SamplingValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        if (spec.Sampling.Steps < 10)
        {
            findings.Warn("sampling.steps", $"is {spec.Sampling.Steps}: pictures of so few Euler steps are rough; 25 or more are usual");
        }
    }
}
