using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>Group norm of pictures with a learned scale and offset a channel (keys <c>weight</c>, <c>bias</c>).</summary>
public sealed class GroupNorm : NamedModule<Tensor, Tensor>
{
    private readonly int _groups;
    private readonly double _eps;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public GroupNorm(int channels, int groups, double eps)
        : base(nameof(GroupNorm))
    {
        (_groups, _eps) = (groups, eps);
        _weight = new Parameter(ones(channels));
        _bias = new Parameter(zeros(channels));
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    /// <summary>Set while a picture passes in tiles.</summary>
    internal TiledStatistics? Tiled { get; set; }

    /// <summary>[B, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor x) =>
        Tiled?.Normalise(x, _groups, _weight, _bias, _eps) ?? nn.functional.group_norm(x, _groups, _weight, _bias, _eps);
}
