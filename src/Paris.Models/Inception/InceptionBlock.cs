using static TorchSharp.torch;

namespace Paris.Models.Inception;

/// <summary>
/// One block of Inception v3: branches side by side, joined by channels. Two things differ from the classification network, as in the graph
/// that FID is defined by: average pooling does not count the padding, and the last block pools by maximum.
/// </summary>
internal sealed class InceptionBlock : NamedModule<Tensor, Tensor>
{
    private readonly Dictionary<string, InceptionConvolution> _convolutions = [];
    private readonly Func<InceptionBlock, Tensor, Tensor[]> _branches;

    private InceptionBlock(Func<InceptionBlock, Tensor, Tensor[]> branches)
        : base(nameof(InceptionBlock)) => _branches = branches;

    /// <summary>35×35: 1×1, 5×5, double 3×3, pool.</summary>
    public static InceptionBlock A(int inputs, int pool) =>
        new InceptionBlock((b, x) =>
        [
            b.Run(x, "branch1x1"),
            b.Run(x, "branch5x5_1", "branch5x5_2"),
            b.Run(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            b.Run(AveragePool(x), "branch_pool"),
        ])
        .With("branch1x1", inputs, 64, 1, 1)
        .With("branch5x5_1", inputs, 48, 1, 1)
        .With("branch5x5_2", 48, 64, 5, 5)
        .With("branch3x3dbl_1", inputs, 64, 1, 1)
        .With("branch3x3dbl_2", 64, 96, 3, 3)
        .With("branch3x3dbl_3", 96, 96, 3, 3)
        .With("branch_pool", inputs, pool, 1, 1);

    /// <summary>35×35 to 17×17: 3×3, double 3×3, pool.</summary>
    public static InceptionBlock B(int inputs) =>
        new InceptionBlock((b, x) => [b.Run(x, "branch3x3"), b.Run(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"), ShrinkingPool(x)])
        .With("branch3x3", inputs, 384, 3, 3, shrink: true)
        .With("branch3x3dbl_1", inputs, 64, 1, 1)
        .With("branch3x3dbl_2", 64, 96, 3, 3)
        .With("branch3x3dbl_3", 96, 96, 3, 3, shrink: true);

    /// <summary>17×17: 1×1, factorised 7×7, double factorised 7×7, pool.</summary>
    public static InceptionBlock C(int inputs, int width) =>
        new InceptionBlock((b, x) =>
        [
            b.Run(x, "branch1x1"),
            b.Run(x, "branch7x7_1", "branch7x7_2", "branch7x7_3"),
            b.Run(x, "branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"),
            b.Run(AveragePool(x), "branch_pool"),
        ])
        .With("branch1x1", inputs, 192, 1, 1)
        .With("branch7x7_1", inputs, width, 1, 1)
        .With("branch7x7_2", width, width, 1, 7)
        .With("branch7x7_3", width, 192, 7, 1)
        .With("branch7x7dbl_1", inputs, width, 1, 1)
        .With("branch7x7dbl_2", width, width, 7, 1)
        .With("branch7x7dbl_3", width, width, 1, 7)
        .With("branch7x7dbl_4", width, width, 7, 1)
        .With("branch7x7dbl_5", width, 192, 1, 7)
        .With("branch_pool", inputs, 192, 1, 1);

    /// <summary>17×17 to 8×8: 3×3, factorised 7×7 and 3×3, pool.</summary>
    public static InceptionBlock D(int inputs) =>
        new InceptionBlock((b, x) =>
        [
            b.Run(x, "branch3x3_1", "branch3x3_2"),
            b.Run(x, "branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"),
            ShrinkingPool(x),
        ])
        .With("branch3x3_1", inputs, 192, 1, 1)
        .With("branch3x3_2", 192, 320, 3, 3, shrink: true)
        .With("branch7x7x3_1", inputs, 192, 1, 1)
        .With("branch7x7x3_2", 192, 192, 1, 7)
        .With("branch7x7x3_3", 192, 192, 7, 1)
        .With("branch7x7x3_4", 192, 192, 3, 3, shrink: true);

    /// <summary>8×8: 1×1, 3×3 split in two, double 3×3 split in two, pool.</summary>
    public static InceptionBlock E(int inputs, bool maximum) =>
        new InceptionBlock((b, x) =>
        {
            var (wide, deep) = (b.Run(x, "branch3x3_1"), b.Run(x, "branch3x3dbl_1", "branch3x3dbl_2"));
            return
            [
                b.Run(x, "branch1x1"),
                b.Run(wide, "branch3x3_2a"),
                b.Run(wide, "branch3x3_2b"),
                b.Run(deep, "branch3x3dbl_3a"),
                b.Run(deep, "branch3x3dbl_3b"),
                b.Run(maximum ? nn.functional.max_pool2d(x, 3, stride: 1, padding: 1) : AveragePool(x), "branch_pool"),
            ];
        })
        .With("branch1x1", inputs, 320, 1, 1)
        .With("branch3x3_1", inputs, 384, 1, 1)
        .With("branch3x3_2a", 384, 384, 1, 3)
        .With("branch3x3_2b", 384, 384, 3, 1)
        .With("branch3x3dbl_1", inputs, 448, 1, 1)
        .With("branch3x3dbl_2", 448, 384, 3, 3)
        .With("branch3x3dbl_3a", 384, 384, 1, 3)
        .With("branch3x3dbl_3b", 384, 384, 3, 1)
        .With("branch_pool", inputs, 192, 1, 1);

    /// <summary>3×3, stride 1, the same sides; the padding is not counted.</summary>
    public static Tensor AveragePool(Tensor x) => nn.functional.avg_pool2d(x, 3, stride: 1, padding: 1, count_include_pad: false);

    /// <summary>3×3, stride 2, by maximum, no padding.</summary>
    public static Tensor ShrinkingPool(Tensor x) => nn.functional.max_pool2d(x, 3, stride: 2);

    /// <summary>[B, C, H, W] to [B, C', H', W'].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return cat(_branches(this, x), 1).MoveToOuterDisposeScope();
    }

    private InceptionBlock With(string name, int inputs, int outputs, int height, int width, bool shrink = false)
    {
        var convolution = new InceptionConvolution(inputs, outputs, height, width, shrink ? 2 : 1, !shrink);
        _convolutions.Add(name, convolution);
        register_module(name, convolution);
        return this;
    }

    private Tensor Run(Tensor x, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            x = _convolutions[name].call(x);
        }

        return x;
    }
}
