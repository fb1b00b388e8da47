using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static class linalg
    {
        /// <summary>Eigenvalues (rising) and eigenvectors (columns) of a symmetric matrix.</summary>
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L')
        {
            nint values, vectors;
            Check(Native.eigh(input.Handle, (byte)UPLO, &values, &vectors));
            GC.KeepAlive(input);
            return (new Tensor(values), new Tensor(vectors));
        }
    }
}
