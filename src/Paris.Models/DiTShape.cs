using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Models;

/// <summary>Every dimension a diffusion transformer needs.</summary>
/// <param name="Channels">C of its input and output.</param>
/// <param name="Side">Side of its square input: pixels or latent cells.</param>
/// <param name="Hidden">D.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Heads; divide D.</param>
/// <param name="Patch">p; divides the side.</param>
/// <param name="MlpRatio">Width of the MLP over D.</param>
/// <param name="NormEps">Of every layer norm.</param>
/// <param name="Condition">What the expert is conditioned on.</param>
/// <param name="TextDim">Width of the text embedding.</param>
/// <param name="Classes">Classes without the null class.</param>
/// <param name="PooledText">Width of the pooled text that a router reads; 0 without.</param>
public sealed record DiTShape(
    int Channels,
    int Side,
    int Hidden,
    int Layers,
    int Heads,
    int Patch = 2,
    double MlpRatio = 4,
    double NormEps = 1e-6,
    ConditionKind Condition = ConditionKind.None,
    int TextDim = 768,
    int Classes = 0,
    int PooledText = 0)
{
    /// <summary>Tokens of one image.</summary>
    public int Tokens => Side / Patch * (Side / Patch);

    /// <summary>Width of the MLP.</summary>
    public int MlpHidden => (int)(Hidden * MlpRatio);

    /// <summary>Numbers in an expert of this shape, its position embedding included: 605,970,448 for the released Paris experts.</summary>
    public long ExpertParameters()
    {
        long Linear(long from, long to) => (from * to) + to;
        long d = Hidden;
        var attention = Linear(d, 3 * d) + Linear(d, d);
        var layer = (6 * d) + attention + Linear(d, MlpHidden) + Linear(MlpHidden, d) + (Condition == ConditionKind.Text ? attention : 0);
        var condition = Condition switch
        {
            ConditionKind.Text => Linear(TextDim, d),
            ConditionKind.Class => (Classes + 1) * d,
            _ => 0,
        };
        return Linear((long)Channels * Patch * Patch, d) + (Tokens * d) + Linear(TimeEmbedding.Frequencies, d) + Linear(d, d) + condition
            + Linear(d, 6 * d) + (Layers * layer) + (2 * d) + Linear(d, (long)Channels * Patch * Patch);
    }

    /// <summary>The shape of a spec's model, with its preset filled in.</summary>
    /// <param name="spec">Dimensions, explicit or by preset.</param>
    /// <param name="channels">C.</param>
    /// <param name="side">Side of the input.</param>
    /// <param name="classes">Classes in the data, for a class condition.</param>
    public static DiTShape From(ModelSpec spec, int channels, int side, int classes = 0)
    {
        spec = spec.Resolve();
        var condition = spec.Condition switch
        {
            "none" => ConditionKind.None,
            "class" => ConditionKind.Class,
            "text" => ConditionKind.Text,
            _ => throw new ParisInputException($"condition is '{spec.Condition}'; use none, class or text."),
        };
        return new DiTShape(channels, side, spec.Hidden, spec.Layers, spec.Heads, spec.Patch, spec.MlpRatio, spec.NormEps, condition, spec.TextDim, classes, spec.Conditioning == ModelSpec.PooledText ? spec.TextDim : 0).Check();
    }

    /// <summary>Refuses dimensions that do not fit together.</summary>
    /// <exception cref="ParisInputException">The message names the two numbers.</exception>
    public DiTShape Check()
    {
        if (Hidden < 4 || Layers < 1 || Heads < 1 || Patch < 1 || Channels < 1)
        {
            throw new ParisInputException($"a transformer needs positive dimensions, not D {Hidden}, {Layers} layers, {Heads} heads, patch {Patch}, {Channels} channels.");
        }

        if (Hidden % Heads != 0 || Hidden % 4 != 0)
        {
            throw new ParisInputException($"hidden {Hidden} must be divisible by 4 and by its {Heads} heads.");
        }

        if (Side % Patch != 0)
        {
            throw new ParisInputException($"input side {Side} is not divisible by patch {Patch}.");
        }

        return this;
    }
}
