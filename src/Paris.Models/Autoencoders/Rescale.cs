using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>Changes of size that need no weights.</summary>
internal static class Rescale
{
    /// <summary>Every pixel becomes 2×2: [B, C, H, W] to [B, C, 2H, 2W].</summary>
    public static Tensor Double(Tensor x)
    {
        using var scope = NewDisposeScope();
        var s = x.shape;
        return x.unsqueeze(3).unsqueeze(5).expand(s[0], s[1], s[2], 2, s[3], 2).reshape(s[0], s[1], 2 * s[2], 2 * s[3]).MoveToOuterDisposeScope();
    }

    /// <summary>One row of zeros below and one column to the right: [B, C, H + 1, W + 1].</summary>
    public static Tensor PadBelowAndRight(Tensor x)
    {
        using var scope = NewDisposeScope();
        var s = x.shape;
        var below = cat([x, zeros([s[0], s[1], 1, s[3]], x.dtype, x.device)], 2);
        return cat([below, zeros([s[0], s[1], s[2] + 1, 1], x.dtype, x.device)], 3).MoveToOuterDisposeScope();
    }
}
