using static TorchSharp.torch;

namespace TorchSharp.Modules;

public sealed class Conv2d : nn.Module<Tensor, Tensor>
{
    private readonly long[] _stride;
    private readonly long[] _padding;
    private readonly long[] _dilation;
    private readonly long _groups;

    internal Conv2d(long inChannels, long outChannels, long kernel, long stride, long padding, long dilation, long groups, bool hasBias)
        : base(nameof(Conv2d))
    {
        _stride = [stride, stride];
        _padding = [padding, padding];
        _dilation = [dilation, dilation];
        _groups = groups;
        var bound = 1 / Math.Sqrt(inChannels / groups * kernel * kernel);
        weight = Uniform.Parameter(bound, outChannels, inChannels / groups, kernel, kernel);
        bias = hasBias ? Uniform.Parameter(bound, outChannels) : null;
        register_parameter("weight", weight);
        if (bias is not null)
        {
            register_parameter("bias", bias);
        }
    }

    public Parameter weight { get; }

    public Parameter? bias { get; }

    public override Tensor forward(Tensor input) => nn.functional.conv2d(input, weight, bias, _stride, _padding, _dilation, _groups);

    protected override void RegisterComponents()
    {
    }
}
