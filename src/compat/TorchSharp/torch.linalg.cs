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

        public static Tensor eigvalsh(Tensor input, char UPLO = 'L')
        {
            var result = Native.eigvalsh(input.Handle, (byte)UPLO);
            GC.KeepAlive(input);
            return new Tensor(Check(result));
        }

        public static Tensor eigvals(Tensor input) => Tensor.Unary(Native.eigvals, input);

        public static (Tensor Q, Tensor R) qr(Tensor input)
        {
            nint q, r;
            Check(Native.qr(input.Handle, &q, &r));
            GC.KeepAlive(input);
            return (new Tensor(q), new Tensor(r));
        }

        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true)
        {
            nint u, s, vh;
            Check(Native.svd(input.Handle, fullMatrices ? 1 : 0, &u, &s, &vh));
            GC.KeepAlive(input);
            return (new Tensor(u), new Tensor(s), new Tensor(vh));
        }
    }
}
