using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>
/// CLIP's text encoder: token ids to one embedding a token (what the experts read by cross-attention) and one a text. Golden numbers:
/// fixture clip-text-tiny (openai/CLIP). Weights load from files with OpenAI's key names or Hugging Face's, of the text model alone or of
/// a whole CLIP. There is no padding mask, as in the references: what stands behind the end token attends to all before it.
/// </summary>
public sealed class ClipText : NamedModule<Tensor, Tensor>
{
    private static readonly KeyLayout _openAi = new(
        "openai/CLIP",
        "token_embedding.weight",
        [
            (@"^token_embedding$", "token_embedding.weight"),
            (@"^text_projection\.weight$", "text_projection"),
            (@"^layers\.", "transformer.resblocks."),
            (@"\.mlp\.0\.", ".mlp.c_fc."),
            (@"\.mlp\.2\.", ".mlp.c_proj."),
        ],
        unused: "^(visual\\.|logit_scale$|input_resolution$|context_length$|vocab_size$)",
        transposed: "^text_projection$");

    private static readonly KeyLayout _huggingFace = new(
        "Hugging Face CLIPTextModel",
        "text_model.embeddings.token_embedding.weight",
        [
            (@"^token_embedding$", "text_model.embeddings.token_embedding.weight"),
            (@"^positional_embedding$", "text_model.embeddings.position_embedding.weight"),
            (@"^ln_final\.", "text_model.final_layer_norm."),
            (@"^layers\.", "text_model.encoder.layers."),
            (@"\.ln_([12])\.", ".layer_norm$1."),
            (@"\.attn\.in_proj_(weight|bias)$", ".self_attn.{q_proj|k_proj|v_proj}.$1"),
            (@"\.attn\.out_proj\.", ".self_attn.out_proj."),
            (@"\.mlp\.0\.", ".mlp.fc1."),
            (@"\.mlp\.2\.", ".mlp.fc2."),
        ],
        unused: @"^(text_model\.embeddings\.position_ids$|vision_model\.|visual_projection\.|logit_scale$)");

    private readonly Parameter _tokens; // [V, D]
    private readonly Parameter _positions; // [T, D]
    private readonly ClipTextLayer[] _layers;
    private readonly LayerNorm _norm;
    private readonly Linear? _projection; // D -> E

    public ClipText(ClipTextShape shape)
        : base(nameof(ClipText))
    {
        Shape = shape;
        _tokens = new Parameter(zeros(shape.Vocabulary, shape.Hidden));
        _positions = new Parameter(zeros(shape.Context, shape.Hidden));
        _layers = [.. Enumerable.Range(0, shape.Layers).Select(_ => new ClipTextLayer(shape))];
        _norm = new LayerNorm(shape.Hidden, shape.NormEps);
        register_parameter("token_embedding", _tokens);
        register_parameter("positional_embedding", _positions);
        register_module("layers", new ModuleList<ClipTextLayer>(_layers));
        register_module("ln_final", _norm);
        if (shape.Projection > 0)
        {
            _projection = nn.Linear(shape.Hidden, shape.Projection, hasBias: false);
            register_module("text_projection", _projection);
        }

        this.KeepTensors();
    }

    public ClipTextShape Shape { get; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors, heads, activation and end token from the configuration where there is one.</summary>
    /// <param name="path">The weights.</param>
    /// <param name="config">Default: the <c>config.json</c> beside them.</param>
    /// <exception cref="ParisInputException">The file is no CLIP text encoder; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static ClipText Load(string path, ModelConfig? config = null)
    {
        config ??= ModelConfig.Beside(path);
        using var file = SafetensorsFile.Open(path);
        var layout = KeyLayout.Of(file, "CLIP text encoder", _huggingFace, _openAi);
        var shape = ClipTextShape.Of(file, layout, config);
        return WeightFile.Loaded(() => new ClipText(shape), file, layout);
    }

    /// <summary>The dimensions of a file of weights, without loading it.</summary>
    /// <exception cref="ParisInputException">The file is no CLIP text encoder.</exception>
    public static ClipTextShape ReadShape(string path, ModelConfig config)
    {
        using var file = SafetensorsFile.Open(path);
        return ClipTextShape.Of(file, KeyLayout.Of(file, "CLIP text encoder", _huggingFace, _openAi), config);
    }

    /// <summary>Ids [B, T] (I64, T up to the context's 77) to embeddings [B, T, D], after the last norm (<c>last_hidden_state</c>).</summary>
    /// <exception cref="ParisInputException">The ids have another shape or type, or an id is outside the vocabulary.</exception>
    public override Tensor forward(Tensor ids)
    {
        Check(ids);
        using var scope = NewDisposeScope();
        var (batch, length) = (ids.shape[0], ids.shape[1]);
        var x = _tokens.index_select(0, ids.reshape(-1)).view(batch, length, Shape.Hidden) + _positions.narrow(0, 0, length);
        foreach (var layer in _layers)
        {
            x = layer.call(x);
        }

        return _norm.call(x).MoveToOuterDisposeScope();
    }

    /// <summary>The embedding of a whole text: the row of its first end token. Hidden [B, T, D], ids [B, T]; returns [B, D].</summary>
    /// <exception cref="ParisInputException">A text has no end token.</exception>
    public Tensor Pooled(Tensor hidden, Tensor ids)
    {
        Check(ids);
        using var scope = NewDisposeScope();
        var length = (int)ids.shape[1];
        var rows = ids.cpu().contiguous().data<long>().ToArray().Chunk(length).Select((row, i) => Array.IndexOf(row, Shape.EndToken) switch
        {
            >= 0 and var end => ((long)i * length) + end,
            _ => throw new ParisInputException($"text {i} has no end token {Shape.EndToken}; a text ends with it."),
        });
        var index = tensor(rows.ToArray(), device: hidden.device);
        return hidden.reshape(-1, Shape.Hidden).index_select(0, index).MoveToOuterDisposeScope();
    }

    /// <summary>Pooled [B, D] in the joint space with images: [B, E].</summary>
    /// <exception cref="ParisInputException">The weights hold no projection.</exception>
    public Tensor Projected(Tensor pooled) =>
        (_projection ?? throw new ParisInputException("these CLIP weights hold no text projection.")).call(pooled);

    private void Check(Tensor ids)
    {
        if (ids.dim() != 2 || ids.dtype != ScalarType.Int64 || ids.shape[1] < 1 || ids.shape[1] > Shape.Context)
        {
            throw new ParisInputException($"the ids are {ids.dtype} [{string.Join(", ", ids.shape)}]; this encoder takes Int64 [batch, 1 … {Shape.Context}].");
        }

        using var scope = NewDisposeScope();
        if (ids.numel() > 0 && (ids.min().item<long>() < 0 || ids.max().item<long>() >= Shape.Vocabulary))
        {
            throw new ParisInputException($"a token id is outside 0 … {Shape.Vocabulary - 1}.");
        }
    }
}
