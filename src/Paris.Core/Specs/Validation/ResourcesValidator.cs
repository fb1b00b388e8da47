namespace Paris.Core.Specs.Validation;

/// <summary>What experts and router need of a slot.</summary>
internal sealed class ResourcesValidator : ISpecValidator
{
    /// <summary>Bytes a parameter: weight, average, two moments and a gradient, 4 each.</summary>
    private const double BytesPerParameter = 20;

    public void Validate(RunSpec spec, SpecFindings findings)
    {
        Validate(spec.Expert, "expert", findings);
        Validate(spec.Router, "router", findings);
    }

    internal static void Validate(TrainerSpec trainer, string path, SpecFindings findings)
    {
        if (trainer.Resources is not { } resources)
        {
            return;
        }

        path += ".resources";
        if (resources.GpuModel.Trim() != resources.GpuModel || resources.GpuModel.Any(char.IsControl))
        {
            findings.Error($"{path}.gpuModel", $"is '{resources.GpuModel}'; use a part of the name that nvidia-smi shows, such as H100, without space around it");
        }

        if (resources.MinimumCompute is > 0 and < 3)
        {
            findings.Error($"{path}.minimumCompute", FormattableString.Invariant($"is {resources.MinimumCompute}; a CUDA compute capability looks like 8.0 (A100) or 9.0 (H100)"));
        }

        if (resources.Memory == 0 && resources.GpuModel.Length == 0 && resources.MinimumCompute == 0)
        {
            findings.Warn(path, "asks for nothing: every slot will do; give 'memory' (GiB), 'gpuModel' or 'minimumCompute', or leave it out");
        }

        // 12 D² a block: attention 4 D², MLP 8 D² at ratio 4.
        var model = trainer.Model;
        var least = model.Layers * (4 + (2 * model.MlpRatio)) * model.Hidden * model.Hidden * BytesPerParameter / (1L << 30);
        if (resources.Memory > 0 && resources.Memory < least)
        {
            findings.Warn($"{path}.memory", FormattableString.Invariant($"is {resources.Memory} GiB, but weights, average, moments and gradients alone take about {least:0.#} GiB"));
        }
    }
}
