using Paris.Core;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The Paris router: a diffusion transformer with AdaLN-Zero and a CLS token that reads which cluster a noisy latent comes from.
/// Golden numbers: fixtures paris-tiny and training-golden. With pooled text (the follow-up's router; the released one has none) a Linear
/// <c>text_proj</c> of it, zero at the start, is added to the time embedding.
/// </summary>
public sealed class DiTRouter : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly PatchEmbedding _patchEmbed;
    private readonly Tensor _posEmbed; // [1, N, D]
    private readonly Parameter _clsToken; // [1, 1, D]
    private readonly TimeEmbedding _timeEmbed;
    private readonly DiTRouterLayer[] _layers;
    private readonly RouterHead _head;
    private readonly Linear? _textProj;

    /// <param name="shape">Dimensions; of the conditions only the pooled text is used.</param>
    /// <param name="clusters">K.</param>
    public DiTRouter(DiTShape shape, int clusters)
        : base(nameof(DiTRouter))
    {
        if (clusters < 1)
        {
            throw new ParisInputException($"a router needs at least one cluster, not {clusters}.");
        }

        Shape = shape.Check();
        Clusters = clusters;
        _patchEmbed = new PatchEmbedding(shape.Channels, shape.Hidden, shape.Patch);
        _posEmbed = PositionEmbedding.Create(shape.Hidden, shape.Side / shape.Patch);
        _clsToken = new Parameter(zeros(1, 1, shape.Hidden));
        _timeEmbed = new TimeEmbedding(shape.Hidden);
        _layers = [.. Enumerable.Range(0, shape.Layers).Select(_ => new DiTRouterLayer(shape))];
        _head = new RouterHead(shape, clusters);
        register_buffer("pos_embed", _posEmbed);
        register_parameter("cls_token", _clsToken);
        register_module("patch_embed", _patchEmbed);
        register_module("time_embed", _timeEmbed);
        register_module("layers", new ModuleList<DiTRouterLayer>(_layers));
        register_module("head", _head);
        if (shape.PooledText > 0)
        {
            // Last, so that the other parameters start as those of a router without text.
            _textProj = nn.Linear(shape.PooledText, shape.Hidden);
            register_module("text_proj", _textProj);
        }

        this.KeepTensors();
    }

    public DiTShape Shape { get; }

    /// <summary>K.</summary>
    public int Clusters { get; }

    /// <summary>x [B, C, H, W], t [B] on the 0..1000 scale, pooled text [B, P] or null; returns logits [B, K].</summary>
    /// <exception cref="ParisInputException">A shape does not fit, or the text is missing or unexpected.</exception>
    public override Tensor forward(Tensor x, Tensor t, Tensor? text) => Readout(Trunk(x, t, text));

    /// <summary>Without text: x [B, C, H, W], t [B] to logits [B, K].</summary>
    public Tensor call(Tensor x, Tensor t) => call(x, t, null);

    /// <summary>Everything before the head: x [B, C, H, W], t [B], text [B, P] to the CLS token's state [B, D].</summary>
    /// <exception cref="ParisInputException">A shape does not fit, or the text is missing or unexpected.</exception>
    public Tensor Trunk(Tensor x, Tensor t, Tensor? text = null)
    {
        ModelInput.CheckImages(x, t, Shape);
        CheckText(x, text);
        var cls = _clsToken.expand(x.shape[0], 1, Shape.Hidden);
        // The CLS token goes before the patches and has no position.
        var h = cat([cls, _patchEmbed.call(x) + _posEmbed], 1); // [B, 1 + N, D]
        var embedding = _timeEmbed.call(t); // [B, D]
        var tEmb = nn.functional.silu(_textProj is null ? embedding : embedding + _textProj.call(text!)); // [B, D]
        foreach (var layer in _layers)
        {
            h = layer.call(h, tEmb);
        }

        return h.select(1, 0); // no final norm
    }

    /// <summary>The head: [B, D] to logits [B, K].</summary>
    public Tensor Readout(Tensor h) => _head.call(h);

    private void CheckText(Tensor x, Tensor? text)
    {
        if (text is null != (_textProj is null))
        {
            throw new ParisInputException(text is null ? "this router reads pooled text; it is missing." : "this router takes no text.");
        }

        if (text is not null && (text.dim() != 2 || text.shape[0] != x.shape[0] || text.shape[1] != Shape.PooledText))
        {
            throw new ParisInputException($"the pooled text is [{string.Join(", ", text.shape)}]; this router takes [{x.shape[0]}, {Shape.PooledText}].");
        }
    }
}
