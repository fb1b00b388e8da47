namespace Paris.Core.Specs.Validation;

/// <summary>The image must fall into whole latents, and these into whole patches.</summary>
internal sealed class ImageSizeValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        Validate(spec, spec.Expert.Model, "expert.model", findings);
        Validate(spec, spec.Router.Model, "router.model", findings);
    }

    internal static void Validate(RunSpec spec, ModelSpec model, string path, SpecFindings findings)
    {
        var size = spec.Data.ImageSize;
        var factor = spec.Autoencoder?.PixelsPerLatent() ?? 1;
        if (size % (factor * model.Patch) != 0)
        {
            findings.Error("data.imageSize", spec.Autoencoder is null
                ? $"is {size}, which is not divisible by '{path}.patch' ({model.Patch})"
                : $"is {size}, which is not divisible by {factor * model.Patch} (the autoencoder's {factor} × '{path}.patch' {model.Patch})");
        }
    }
}
