using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Who disposes a model's tensors.</summary>
internal static class ModuleOwnership
{
    /// <summary>Takes the tensors of a finished model out of the dispose scope it was built in: they live until the model is disposed.</summary>
    public static void KeepTensors(this nn.Module module)
    {
        foreach (var (_, parameter) in module.named_parameters())
        {
            parameter.DetachFromDisposeScope();
        }

        foreach (var (_, buffer) in module.named_buffers())
        {
            buffer.DetachFromDisposeScope();
        }
    }
}
