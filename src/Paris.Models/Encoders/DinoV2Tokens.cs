using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>What DINOv2 makes of a batch of images, after its last norm.</summary>
/// <param name="Class">[B, D]: one feature an image.</param>
/// <param name="Patches">[B, N, D], row by row.</param>
/// <param name="Registers">[B, R, D]; R is 0 without registers.</param>
public sealed record DinoV2Tokens(Tensor Class, Tensor Patches, Tensor Registers);
