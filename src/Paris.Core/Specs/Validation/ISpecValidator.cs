namespace Paris.Core.Specs.Validation;

/// <summary>Checks one concern of a specification whose keys are in range and whose presets are filled in.</summary>
public interface ISpecValidator
{
    void Validate(RunSpec spec, SpecFindings findings);
}
