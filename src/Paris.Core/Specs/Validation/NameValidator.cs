using Paris.Core.Storage;

namespace Paris.Core.Specs.Validation;

/// <summary>The run's id.</summary>
internal sealed class NameValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        try
        {
            BlobName.CheckRunId(spec.Name);
        }
        catch (ParisInputException)
        {
            findings.Error("name", $"is '{spec.Name}'; use 1 to 63 lower-case letters and digits, with single hyphens between them");
        }
    }
}
