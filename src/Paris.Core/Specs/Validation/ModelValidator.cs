namespace Paris.Core.Specs.Validation;

/// <summary>The dimensions of expert and router.</summary>
internal sealed class ModelValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        Validate(spec.Expert.Model, "expert.model", findings);
        Validate(spec.Router.Model, "router.model", findings);
    }

    internal static void Validate(ModelSpec model, string path, SpecFindings findings)
    {
        if (model.Hidden % model.Heads != 0)
        {
            findings.Error($"{path}.heads", $"is {model.Heads}, which does not divide 'hidden' ({model.Hidden})");
        }

        if (model.Hidden % 4 != 0)
        {
            findings.Error($"{path}.hidden", $"is {model.Hidden}; position embeddings need a multiple of 4");
        }

        if (model.Hidden * model.MlpRatio % 1 != 0)
        {
            findings.Error($"{path}.mlpRatio", FormattableString.Invariant($"is {model.MlpRatio}; times 'hidden' ({model.Hidden}) it must be a whole number"));
        }
    }
}
