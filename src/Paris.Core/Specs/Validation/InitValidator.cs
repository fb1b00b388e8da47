using Paris.Core.Storage;

namespace Paris.Core.Specs.Validation;

/// <summary>What weights start from: a name that can be one. Whether it is there, the job finds out.</summary>
internal sealed class InitValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        Validate(spec, spec.Expert.Init, "expert.init", findings);
        Validate(spec, spec.Router.Init, "router.init", findings);
    }

    private static void Validate(RunSpec spec, string? init, string path, SpecFindings findings)
    {
        if (init is null)
        {
            return;
        }

        try
        {
            BlobName.CheckRunId(init);
        }
        catch (ParisInputException)
        {
            findings.Error(path, $"is '{init}'; it names a run{(path == "expert.init" ? ", or what 'paris import dit' made" : "")}: 1 to 63 lower-case letters and digits, with single hyphens between them");
            return;
        }

        if (init == spec.Name)
        {
            findings.Error(path, "names the run itself; give the new run another name");
        }
        else if (spec.Import is not null)
        {
            findings.Error(path, "has no meaning for an imported run, which trains nothing");
        }
    }
}
