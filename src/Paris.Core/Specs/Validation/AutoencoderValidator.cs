using System.Numerics;

namespace Paris.Core.Specs.Validation;

/// <summary>An autoencoder is trained or it comes with its weights.</summary>
internal sealed class AutoencoderValidator : ISpecValidator
{
    public void Validate(RunSpec spec, SpecFindings findings)
    {
        if (spec.Autoencoder is not { } autoencoder)
        {
            return;
        }

        if (autoencoder.Weights is null && autoencoder.Factor is not (0 or AutoencoderSpec.OwnFactor))
        {
            findings.Error("autoencoder.factor", $"is {autoencoder.Factor}, but the autoencoder that a run trains halves twice; leave it out, or name 'autoencoder.weights'");
        }
        else if (autoencoder.Factor > 0 && !BitOperations.IsPow2(autoencoder.Factor))
        {
            findings.Error("autoencoder.factor", $"is {autoencoder.Factor}; an autoencoder halves its pictures, so it is 1, 2, 4, 8 and so on");
        }

        if (autoencoder.Weights is { } weights && string.IsNullOrWhiteSpace(weights))
        {
            findings.Error("autoencoder.weights", "is empty; it names a file or folder of AutoencoderKL weights");
        }

        if (spec.Import is not null)
        {
            findings.Error("autoencoder", "cannot be given to an imported run: it brings its own");
        }
    }
}
