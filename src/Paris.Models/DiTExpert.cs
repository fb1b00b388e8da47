using Paris.Core;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The Paris expert: a diffusion transformer with AdaLN-Single (one modulation of the time, shared by all layers, plus a table a layer),
/// self-attention, cross-attention to text and MLP. Key names are those of the published weights; golden numbers: fixtures paris-tiny
/// and training-golden. Without text it has no <c>text_proj</c> and no <c>cross_attn</c>.
/// </summary>
public sealed class DiTExpert : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly PatchEmbedding _patchEmbed;
    private readonly Tensor _posEmbed; // [1, N, D]
    private readonly TimeEmbedding _timeEmbed;
    private readonly Linear? _textProj;
    private readonly Parameter? _classTable; // [C + 1, D]
    private readonly Linear _tBlock;
    private readonly DiTExpertLayer[] _layers;
    private readonly FinalLayer _finalLayer;

    public DiTExpert(DiTShape shape)
        : base(nameof(DiTExpert))
    {
        Shape = shape.Check();
        _patchEmbed = new PatchEmbedding(shape.Channels, shape.Hidden, shape.Patch);
        _posEmbed = PositionEmbedding.Create(shape.Hidden, shape.Side / shape.Patch);
        _timeEmbed = new TimeEmbedding(shape.Hidden);
        register_buffer("pos_embed", _posEmbed);
        register_module("patch_embed", _patchEmbed);
        register_module("time_embed", _timeEmbed);
        if (shape.Condition == ConditionKind.Text)
        {
            _textProj = nn.Linear(shape.TextDim, shape.Hidden);
            register_module("text_proj", _textProj);
        }
        else if (shape.Condition == ConditionKind.Class)
        {
            _classTable = new Parameter(empty(shape.Classes + 1, shape.Hidden));
            register_parameter("class_embed", _classTable);
        }

        _tBlock = nn.Linear(shape.Hidden, 6L * shape.Hidden);
        register_module("t_block", new Keyed("1", _tBlock));
        _layers = [.. Enumerable.Range(0, shape.Layers).Select(_ => new DiTExpertLayer(shape))];
        register_module("layers", new ModuleList<DiTExpertLayer>(_layers));
        _finalLayer = new FinalLayer(shape);
        register_module("final_layer", _finalLayer);
        this.KeepTensors();
    }

    public DiTShape Shape { get; }

    /// <summary>The velocity at x.</summary>
    /// <param name="x">[B, C, H, W] noisy latents.</param>
    /// <param name="t">[B] times on the 0..1000 scale.</param>
    /// <param name="condition">Text [B, M, TextDim] F32, classes [B] I64, or null.</param>
    /// <returns>[B, C, H, W].</returns>
    /// <exception cref="ParisInputException">A shape does not fit, or a condition is missing or unexpected.</exception>
    public override Tensor forward(Tensor x, Tensor t, Tensor? condition)
    {
        CheckInput(x, t, condition);
        var (h, t0, y, tEmb) = Stem(x, t, condition);
        foreach (var layer in _layers)
        {
            h = layer.call(h, t0, y);
        }

        return Unpatchify(_finalLayer.call(h, tEmb));
    }

    /// <summary>The tokens [B, N, D] before the first layer and after each: what two models are compared by.</summary>
    public IReadOnlyList<Tensor> Trace(Tensor x, Tensor t, Tensor? condition)
    {
        CheckInput(x, t, condition);
        var (h, t0, y, _) = Stem(x, t, condition);
        List<Tensor> trace = [h];
        foreach (var layer in _layers)
        {
            trace.Add(layer.call(trace[^1], t0, y));
        }

        return trace;
    }

    private (Tensor Tokens, Tensor T0, Tensor? Text, Tensor Time) Stem(Tensor x, Tensor t, Tensor? condition)
    {
        var h = _patchEmbed.call(x) + _posEmbed; // [B, N, D]
        var tEmb = _timeEmbed.call(t); // [B, D]
        if (_classTable is not null)
        {
            tEmb = tEmb + _classTable.index_select(0, condition!);
        }

        var t0 = _tBlock.call(nn.functional.silu(tEmb)).view(x.shape[0], 6, Shape.Hidden); // [B, 6, D]
        return (h, t0, _textProj?.call(condition!), tEmb); // text [B, M, D]
    }

    /// <summary>Tokens [B, N, p·p·C] (p, q, c) back to [B, C, H, W].</summary>
    private Tensor Unpatchify(Tensor tokens)
    {
        var side = Shape.Side / Shape.Patch;
        return tokens.view(tokens.shape[0], side, side, Shape.Patch, Shape.Patch, Shape.Channels) // [B, h, w, p, q, c]
            .permute(0, 5, 1, 3, 2, 4) // [B, c, h, p, w, q]
            .reshape(tokens.shape[0], Shape.Channels, Shape.Side, Shape.Side);
    }

    private void CheckInput(Tensor x, Tensor t, Tensor? condition)
    {
        ModelInput.CheckImages(x, t, Shape);
        if (condition is null != (Shape.Condition == ConditionKind.None))
        {
            throw new ParisInputException(condition is null
                ? $"this expert is conditioned on {Shape.Condition}; the condition is missing."
                : "this expert takes no condition.");
        }

        var fits = Shape.Condition switch
        {
            ConditionKind.Text => condition!.dim() == 3 && condition.shape[0] == x.shape[0] && condition.shape[2] == Shape.TextDim,
            ConditionKind.Class => condition!.dim() == 1 && condition.shape[0] == x.shape[0] && condition.dtype == ScalarType.Int64,
            _ => true,
        };
        if (!fits)
        {
            throw new ParisInputException($"the condition [{string.Join(", ", condition!.shape)}] does not fit: "
                + (Shape.Condition == ConditionKind.Text ? $"text is [{x.shape[0]}, tokens, {Shape.TextDim}]." : $"classes are [{x.shape[0]}] of int64."));
        }
    }
}
