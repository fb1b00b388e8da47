namespace Paris.Core.Specs.Validation;

/// <summary>What the table compares.</summary>
internal sealed class EvaluationValidator : ISpecValidator
{
    /// <summary>Features of the evaluation's classifier.</summary>
    private const int Features = 64;

    public void Validate(RunSpec spec, SpecFindings findings)
    {
        var evaluation = spec.Evaluation;
        var twice = evaluation.Strategies.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            findings.Error("evaluation.strategies", $"names '{twice.Key}' twice");
        }

        if (evaluation.Strategies.Contains(StrategyNames.Twin) && !spec.Twin)
        {
            findings.Error("evaluation.strategies", "names 'twin', but the run trains none; set 'twin: true'");
        }

        if (evaluation.TopK > spec.Clustering.Clusters && evaluation.Strategies.Any(name => name is "top-k" or "sample-k"))
        {
            findings.Error("evaluation.topK", $"is {evaluation.TopK}, but there are {spec.Clustering.Clusters} experts");
        }

        if (spec.Clustering.Clusters < 2 && evaluation.Strategies.Contains("top-2"))
        {
            findings.Error("evaluation.strategies", "names 'top-2', but there is one expert");
        }

        if (Math.Min(evaluation.Images, evaluation.Reference) <= Features)
        {
            findings.Warn(evaluation.Images <= Features ? "evaluation.images" : "evaluation.reference", $"is {Math.Min(evaluation.Images, evaluation.Reference)}: a covariance of {Features} features needs more images, so the distance says little");
        }
    }
}
