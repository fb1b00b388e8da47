using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Inception;

/// <summary>Convolution without bias, batch norm with stored statistics, ReLU (keys <c>conv.weight</c>, <c>bn.*</c>).</summary>
internal sealed class InceptionConvolution : NamedModule<Tensor, Tensor>
{
    private const double Eps = 1e-3;

    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly Parameter _weight;
    private readonly Parameter _scale;
    private readonly Parameter _offset;
    private readonly Tensor _mean;
    private readonly Tensor _variance;

    /// <param name="inputs">Channels.</param>
    /// <param name="outputs">Channels.</param>
    /// <param name="height">Of the kernel.</param>
    /// <param name="width">Of the kernel.</param>
    /// <param name="stride">2 halves the sides.</param>
    /// <param name="same">Whether the borders are padded, so that stride 1 keeps the sides.</param>
    public InceptionConvolution(int inputs, int outputs, int height, int width, int stride, bool same)
        : base(nameof(InceptionConvolution))
    {
        _stride = [stride, stride];
        _padding = same ? [height / 2, width / 2] : [0, 0];
        _weight = new Parameter(zeros(outputs, inputs, height, width));
        (_scale, _offset) = (new Parameter(ones(outputs)), new Parameter(zeros(outputs)));
        (_mean, _variance) = (zeros(outputs), ones(outputs));
        register_module("conv", new Named(("weight", _weight, true)));
        register_module("bn", new Named(("weight", _scale, true), ("bias", _offset, true), ("running_mean", _mean, false), ("running_var", _variance, false)));
    }

    /// <summary>[B, C, H, W] to [B, C', H', W'].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = nn.functional.conv2d(x, _weight, null, _stride, _padding);
        return nn.functional.batch_norm(h, _mean, _variance, _scale, _offset, training: false, eps: Eps).relu_().MoveToOuterDisposeScope();
    }

    private sealed class Named : NamedModule
    {
        public Named(params ReadOnlySpan<(string Name, Tensor Tensor, bool Learned)> tensors)
            : base(nameof(Named))
        {
            foreach (var (name, tensor, learned) in tensors)
            {
                if (learned)
                {
                    register_parameter(name, (Parameter)tensor);
                }
                else
                {
                    register_buffer(name, tensor);
                }
            }
        }
    }
}
