using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The class-conditional DiT of the DiT paper, AdaLN-Zero in every layer: what experts may start from. Golden numbers: fixture dit-tiny
/// (facebookresearch/DiT). Inside it has the names of this project's models; weights load from files with DiT's own.
/// </summary>
public sealed class ImageNetDiT : NamedModule<Tensor, Tensor, Tensor, Tensor>
{
    private readonly PatchEmbedding _patchEmbed;
    private readonly Tensor _posEmbed; // [1, N, D]
    private readonly TimeEmbedding _timeEmbed;
    private readonly Parameter _classTable; // [C (+ 1), D]
    private readonly DiTRouterLayer[] _layers;
    private readonly Linear _finalModulation;
    private readonly Linear _finalLinear;

    public ImageNetDiT(ImageNetDiTShape shape)
        : base(nameof(ImageNetDiT))
    {
        Shape = shape;
        var t = shape.Transformer.Check();
        _patchEmbed = new PatchEmbedding(t.Channels, t.Hidden, t.Patch);
        _posEmbed = PositionEmbedding.Create(t.Hidden, t.Side / t.Patch);
        _timeEmbed = new TimeEmbedding(t.Hidden);
        _classTable = new Parameter(zeros(t.Classes + (shape.NullClass ? 1 : 0), t.Hidden));
        _layers = [.. Enumerable.Range(0, t.Layers).Select(_ => new DiTRouterLayer(t))];
        _finalModulation = nn.Linear(t.Hidden, 2L * t.Hidden);
        _finalLinear = nn.Linear(t.Hidden, (long)t.Patch * t.Patch * shape.OutputChannels);
        register_buffer("pos_embed", _posEmbed);
        register_parameter("class_embed", _classTable);
        register_module("patch_embed", _patchEmbed);
        register_module("time_embed", _timeEmbed);
        register_module("layers", new ModuleList<DiTRouterLayer>(_layers));
        register_module("final_layer", new Final(_finalModulation, _finalLinear));
        this.KeepTensors();
    }

    /// <summary>DiT's own key names.</summary>
    public static KeyLayout Original { get; } = new(
        "facebookresearch/DiT",
        "x_embedder.proj.weight",
        [
            (@"^patch_embed\.", "x_embedder.proj."),
            (@"^time_embed\.", "t_embedder."),
            (@"^class_embed$", "y_embedder.embedding_table.weight"),
            (@"^layers\.", "blocks."),
            (@"\.attn\.in_proj_(weight|bias)$", ".attn.qkv.$1"),
            (@"\.attn\.out_proj\.", ".attn.proj."),
            (@"^(blocks\.\d+)\.mlp\.0\.", "$1.mlp.fc1."),
            (@"^(blocks\.\d+)\.mlp\.2\.", "$1.mlp.fc2."),
        ]);

    public ImageNetDiTShape Shape { get; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors, heads from the configuration where there is one.</summary>
    /// <param name="path">The weights.</param>
    /// <param name="config">Default: the <c>config.json</c> beside them.</param>
    /// <exception cref="ParisInputException">The file is no DiT; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static ImageNetDiT Load(string path, ModelConfig? config = null)
    {
        config ??= ModelConfig.Beside(path);
        using var file = SafetensorsFile.Open(path);
        var layout = KeyLayout.Of(file, "DiT", Original);
        var shape = ImageNetDiTShape.Of(file, layout, config);
        return WeightFile.Loaded(() => new ImageNetDiT(shape), file, layout);
    }

    /// <summary>The noise in x, and with it the variance's channels where they are learned.</summary>
    /// <param name="x">[B, C, H, W] noisy latents.</param>
    /// <param name="t">[B] times on the 0..1000 scale.</param>
    /// <param name="y">[B] I64 labels; the number of classes itself is the null class.</param>
    /// <returns>[B, C or 2C, H, W].</returns>
    public override Tensor forward(Tensor x, Tensor t, Tensor y)
    {
        var shape = Shape.Transformer;
        ModelInput.CheckImages(x, t, shape);
        if (y.dim() != 1 || y.shape[0] != x.shape[0] || y.dtype != ScalarType.Int64)
        {
            throw new ParisInputException($"the labels are {y.dtype} [{string.Join(", ", y.shape)}]; give one Int64 a sample: [{x.shape[0]}].");
        }

        using var scope = NewDisposeScope();
        var h = _patchEmbed.call(x) + _posEmbed; // [B, N, D]
        var c = nn.functional.silu(_timeEmbed.call(t) + _classTable.index_select(0, y)); // [B, D]
        foreach (var layer in _layers)
        {
            h = layer.call(h, c);
        }

        var m = _finalModulation.call(c).unsqueeze(1).chunk(2, 2); // shift, scale: each [B, 1, D]
        h = _finalLinear.call(Modulation.Normalised(h, m[0], m[1], shape.NormEps));
        var side = shape.Side / shape.Patch;
        return h.view(x.shape[0], side, side, shape.Patch, shape.Patch, Shape.OutputChannels) // [B, h, w, p, q, c]
            .permute(0, 5, 1, 3, 2, 4)
            .reshape(x.shape[0], Shape.OutputChannels, shape.Side, shape.Side)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The tokens [B, N, D] before the first layer and after each: what two models are compared by.</summary>
    public IReadOnlyList<Tensor> Trace(Tensor x, Tensor t, Tensor y)
    {
        var c = nn.functional.silu(_timeEmbed.call(t) + _classTable.index_select(0, y)); // [B, D]
        List<Tensor> trace = [_patchEmbed.call(x) + _posEmbed];
        foreach (var layer in _layers)
        {
            trace.Add(layer.call(trace[^1], c));
        }

        return trace;
    }

    /// <summary>
    /// Classifier-free guidance as the reference computes it: the first half of x is taken twice, y holds labels, then null labels; only the
    /// first three channels are guided, the others pass.
    /// </summary>
    /// <param name="x">[2B, C, H, W]; the second half is not read.</param>
    /// <param name="t">[2B].</param>
    /// <param name="y">[2B].</param>
    /// <param name="scale">1 is no guidance.</param>
    public Tensor Guided(Tensor x, Tensor t, Tensor y, double scale)
    {
        using var scope = NewDisposeScope();
        var half = x.narrow(0, 0, x.shape[0] / 2);
        var output = forward(cat([half, half], 0), t, y);
        var guided = output.narrow(1, 0, 3).chunk(2, 0); // with the label, without
        var mixed = guided[1] + ((guided[0] - guided[1]) * scale);
        return cat([cat([mixed, mixed], 0), output.narrow(1, 3, output.shape[1] - 3)], 1).MoveToOuterDisposeScope();
    }

    /// <summary>The last layer's parts under their keys.</summary>
    private sealed class Final : NamedModule
    {
        public Final(Linear modulation, Linear linear)
            : base(nameof(Final))
        {
            register_module("adaLN_modulation", new Keyed("1", modulation));
            register_module("linear", linear);
        }
    }
}
