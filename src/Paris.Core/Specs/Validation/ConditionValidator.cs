namespace Paris.Core.Specs.Validation;

/// <summary>A condition needs its data, and guidance needs a condition.</summary>
internal sealed class ConditionValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        var model = spec.Expert.Model;
        if (model.Condition == "class" && spec.Data.Labels is null)
        {
            findings.Error("expert.model.condition", "is 'class', but 'data.labels' names no labels");
        }

        if (model.Condition == "class" && spec.Data.Classes.Count == 0)
        {
            findings.Error("expert.model.condition", "is 'class', but 'data.classes' names no classes");
        }

        if (spec.Sampling.GuidanceScale != 1 && model.Condition == "none")
        {
            findings.Error("sampling.guidanceScale", FormattableString.Invariant($"is {spec.Sampling.GuidanceScale}, but the experts have no condition to be guided by; use 1, or set 'expert.model.condition'"));
        }
        else if (spec.Sampling.GuidanceScale != 1 && model.ConditionDropout == 0)
        {
            findings.Error("expert.model.conditionDropout", FormattableString.Invariant($"is 0, but guidance (scale {spec.Sampling.GuidanceScale}) needs experts that also saw samples without their condition; 0.1 is usual"));
        }
    }
}
