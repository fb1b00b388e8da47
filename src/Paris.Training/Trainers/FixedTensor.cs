namespace Paris.Training.Trainers;

/// <summary>A tensor of a module that is not trained.</summary>
/// <param name="Name">Its key in the module.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Bytes">Little-endian float32, row-major.</param>
public readonly record struct FixedTensor(string Name, long[] Shape, byte[] Bytes);
