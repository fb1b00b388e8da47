using Paris.Core;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Checks at the models' boundary: a wrong shape is told in words here, because deep inside libtorch it may abort the process.</summary>
internal static class ModelInput
{
    public static void CheckImages(Tensor x, Tensor t, DiTShape shape)
    {
        var s = x.shape;
        if (s.Length != 4 || s[1] != shape.Channels || s[2] != shape.Side || s[3] != shape.Side)
        {
            throw new ParisInputException($"the input is [{string.Join(", ", s)}]; this model takes [batch, {shape.Channels}, {shape.Side}, {shape.Side}].");
        }

        if (t.dim() != 1 || t.shape[0] != s[0])
        {
            throw new ParisInputException($"the times are [{string.Join(", ", t.shape)}]; give one a sample: [{s[0]}].");
        }
    }
}
