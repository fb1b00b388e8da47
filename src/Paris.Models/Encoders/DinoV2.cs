using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>
/// The DINOv2 vision transformer: images to one feature each, by which the Paris paper clusters. Golden numbers: fixture dinov2-tiny
/// (facebookresearch/dinov2). Weights load from files with DINOv2's own key names or Hugging Face's.
/// </summary>
public sealed class DinoV2 : NamedModule<Tensor, Tensor>
{
    private static readonly KeyLayout _original = new(
        "facebookresearch/dinov2",
        "patch_embed.proj.weight",
        [
            (@"^patch_embed\.", "patch_embed.proj."),
            (@"\.attn\.in_proj_(weight|bias)$", ".attn.qkv.$1"),
            (@"\.attn\.out_proj\.", ".attn.proj."),
            (@"\.(ls[12])$", ".$1.gamma"),
            (@"\.mlp\.0\.", ".mlp.fc1."),
            (@"\.mlp\.2\.", ".mlp.fc2."),
        ],
        unused: "^mask_token$");

    private static readonly KeyLayout _huggingFace = new(
        "Hugging Face Dinov2Model",
        "embeddings.patch_embeddings.projection.weight",
        [
            (@"^patch_embed\.", "embeddings.patch_embeddings.projection."),
            (@"^pos_embed$", "embeddings.position_embeddings"),
            (@"^(cls_token|register_tokens)$", "embeddings.$1"),
            (@"^norm\.", "layernorm."),
            (@"^blocks\.", "encoder.layer."),
            (@"\.attn\.in_proj_(weight|bias)$", ".attention.attention.{query|key|value}.$1"),
            (@"\.attn\.out_proj\.", ".attention.output.dense."),
            (@"\.ls([12])$", ".layer_scale$1.lambda1"),
            (@"\.mlp\.0\.", ".mlp.fc1."),
            (@"\.mlp\.2\.", ".mlp.fc2."),
            (@"\.mlp\.w12\.", ".mlp.weights_in."),
            (@"\.mlp\.w3\.", ".mlp.weights_out."),
        ],
        unused: @"^embeddings\.mask_token$");

    private readonly PatchEmbedding _patchEmbed;
    private readonly Parameter _clsToken; // [1, 1, D]
    private readonly Parameter _posEmbed; // [1, 1 + M·M, D]
    private readonly Parameter? _registerTokens; // [1, R, D]
    private readonly DinoV2Layer[] _blocks;
    private readonly LayerNorm _norm;

    public DinoV2(DinoV2Shape shape)
        : base(nameof(DinoV2))
    {
        Shape = shape;
        Positions = shape.ReleasedForm;
        _patchEmbed = new PatchEmbedding(shape.Channels, shape.Hidden, shape.Patch);
        _clsToken = new Parameter(zeros(1, 1, shape.Hidden));
        _posEmbed = new Parameter(zeros(1, 1 + ((long)shape.Grid * shape.Grid), shape.Hidden));
        _blocks = [.. Enumerable.Range(0, shape.Layers).Select(_ => new DinoV2Layer(shape))];
        _norm = new LayerNorm(shape.Hidden, shape.NormEps);
        register_parameter("cls_token", _clsToken);
        register_parameter("pos_embed", _posEmbed);
        if (shape.Registers > 0)
        {
            _registerTokens = new Parameter(zeros(1, shape.Registers, shape.Hidden));
            register_parameter("register_tokens", _registerTokens);
        }

        register_module("patch_embed", _patchEmbed);
        register_module("blocks", new ModuleList<DinoV2Layer>(_blocks));
        register_module("norm", _norm);
        this.KeepTensors();
    }

    public DinoV2Shape Shape { get; }

    /// <summary>How the position table meets other sizes; the form of the released model of this shape unless set.</summary>
    public PositionForm Positions { get; set; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors, heads and eps from the configuration where there is one.</summary>
    /// <param name="path">The weights.</param>
    /// <param name="config">Default: the <c>config.json</c> beside them.</param>
    /// <exception cref="ParisInputException">The file is no DINOv2 model; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static DinoV2 Load(string path, ModelConfig? config = null)
    {
        config ??= ModelConfig.Beside(path);
        using var file = SafetensorsFile.Open(path);
        var layout = KeyLayout.Of(file, "DINOv2 model", _original, _huggingFace);
        var shape = DinoV2Shape.Of(file, layout, config);
        return WeightFile.Loaded(
            () => new DinoV2(shape)
            {
                Positions = config.Bool(shape.ReleasedForm == PositionForm.Antialiased, "interpolate_antialias") ? PositionForm.Antialiased
                    : config.Double(0.1, "interpolate_offset") == 0 ? PositionForm.Size
                    : PositionForm.Offset,
            },
            file,
            layout);
    }

    /// <summary>Pixels in 0 … 1 as the model takes them: normalised by the mean and deviation of ImageNet.</summary>
    /// <param name="images">[B, 3, H, W].</param>
    public static Tensor Normalised(Tensor images)
    {
        using var scope = NewDisposeScope();
        var mean = tensor(new float[] { 0.485f, 0.456f, 0.406f }, [1, 3, 1, 1], device: images.device);
        var deviation = tensor(new float[] { 0.229f, 0.224f, 0.225f }, [1, 3, 1, 1], device: images.device);
        return ((images - mean) / deviation).MoveToOuterDisposeScope();
    }

    /// <summary>Images [B, C, H, W], normalised, to their features [B, D]: the class token after the last norm.</summary>
    public override Tensor forward(Tensor images)
    {
        using var scope = NewDisposeScope();
        return Tokens(images).Class.MoveToOuterDisposeScope();
    }

    /// <summary>Images [B, C, H, W], normalised, to every token.</summary>
    /// <exception cref="ParisInputException">The channels differ, or a side is no multiple of the patch.</exception>
    public DinoV2Tokens Tokens(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != Shape.Channels || s[2] % Shape.Patch != 0 || s[3] % Shape.Patch != 0)
        {
            throw new ParisInputException(
                $"the images are [{string.Join(", ", s)}]; this DINOv2 takes [batch, {Shape.Channels}, H, W] with sides divisible by {Shape.Patch}.");
        }

        using var scope = NewDisposeScope();
        var (rows, columns) = ((int)(s[2] / Shape.Patch), (int)(s[3] / Shape.Patch));
        var cls = _clsToken.expand(s[0], 1, Shape.Hidden);
        var x = cat([cls, _patchEmbed.call(images)], 1) + PositionTable(rows, columns); // [B, 1 + N, D]
        if (_registerTokens is not null)
        {
            // Registers have no position and stand between class token and patches.
            x = cat([x.narrow(1, 0, 1), _registerTokens.expand(s[0], -1, -1), x.narrow(1, 1, x.shape[1] - 1)], 1);
        }

        foreach (var block in _blocks)
        {
            x = block.call(x);
        }

        x = _norm.call(x);
        return new DinoV2Tokens(
            x.select(1, 0).MoveToOuterDisposeScope(),
            x.narrow(1, 1 + Shape.Registers, (long)rows * columns).MoveToOuterDisposeScope(),
            x.narrow(1, 1, Shape.Registers).MoveToOuterDisposeScope());
    }

    /// <summary>The position table for a grid: [1, 1 + h·w, D], the class position first and unchanged.</summary>
    public Tensor PositionTable(int rows, int columns)
    {
        var grid = Shape.Grid;
        if (rows == grid && columns == grid)
        {
            return _posEmbed.alias();
        }

        using var scope = NewDisposeScope();
        var table = _posEmbed.narrow(1, 1, (long)grid * grid).view(grid, grid, Shape.Hidden).permute(2, 0, 1); // [D, M, M]
        var patches = Resampling.Apply(table, Weights(rows), Weights(columns)) // [D, h, w]
            .permute(1, 2, 0).reshape(1, (long)rows * columns, Shape.Hidden);
        return cat([_posEmbed.narrow(1, 0, 1), patches], 1).MoveToOuterDisposeScope();
    }

    private float[] Weights(int target) => Positions switch
    {
        PositionForm.Offset => Resampling.Bicubic(Shape.Grid, target, Shape.Grid / (target + 0.1)),
        PositionForm.Size => Resampling.Bicubic(Shape.Grid, target, (double)Shape.Grid / target),
        PositionForm.Antialiased => Resampling.BicubicAntialiased(Shape.Grid, target),
        _ => throw new InvalidOperationException($"unknown position form {Positions}"),
    };
}
