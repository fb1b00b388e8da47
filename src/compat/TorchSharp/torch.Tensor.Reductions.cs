using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    /// <summary>Reductions, orderings and matrix products.</summary>
    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Dim(Native.sum, Code(type));

        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);

        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Reduce(Native.sum_dim, dim, keepdim, type);

        public Tensor mean() => Dim(Native.mean, -1);

        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Reduce(Native.mean_dim, dimensions, keepdim, type);

        public Tensor var(bool unbiased = true) => Flag(Native.var, unbiased);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim], unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Spread(Native.var_dim, dimensions, unbiased, keepdim);

        public Tensor std(bool unbiased = true) => Flag(Native.std, unbiased);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim], unbiased, keepdim, type);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Spread(Native.std_dim, dimensions, unbiased, keepdim);

        public Tensor max() => Unary(Native.max, this);

        public Tensor min() => Unary(Native.min, this);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => ValuesAndIndices(Native.max_dim, dim, keepdim);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => ValuesAndIndices(Native.min_dim, dim, keepdim);

        public Tensor median() => Unary(Native.median, this);

        public Tensor all() => Unary(Native.all, this);

        public Tensor any() => Unary(Native.any, this);

        public Tensor all(long dim, bool keepdim = false) => DimFlag(Native.all_dim, dim, keepdim);

        public Tensor any(long dim, bool keepdim = false) => DimFlag(Native.any_dim, dim, keepdim);

        public Tensor argmax() => Unary(Native.argmax, this);

        public Tensor argmax(long dim, bool keepdim = false) => DimFlag(Native.argmax_dim, dim, keepdim);

        public Tensor softmax(long dim, ScalarType? dtype = null) => Dims(Native.softmax, dim, Code(dtype));

        public Tensor norm(float p = 2.0f)
        {
            var result = Native.norm(Handle, p);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f)
        {
            var result = Native.norm_dim(Handle, dim, keepdim ? 1 : 0, p);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        // ---- matrices

        public Tensor mm(Tensor target) => Binary(Native.mm, this, target);

        public Tensor matmul(Tensor target) => Binary(Native.matmul, this, target);

        public Tensor dot(Tensor target) => Binary(Native.dot, this, target);

        public Tensor outer(Tensor vec2) => Binary(Native.outer, this, vec2);

        private static long Code(ScalarType? type) => type is { } t ? (long)t : -1;

        private Tensor Flag(delegate* unmanaged<nint, int, nint> call, bool flag)
        {
            var result = call(Handle, flag ? 1 : 0);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor DimFlag(delegate* unmanaged<nint, long, int, nint> call, long dim, bool flag)
        {
            var result = call(Handle, dim, flag ? 1 : 0);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Reduce(delegate* unmanaged<nint, long*, long, int, long, nint> call, long[] dims, bool keep, ScalarType? type)
        {
            nint result;
            fixed (long* p = dims)
            {
                result = call(Handle, p, dims.Length, keep ? 1 : 0, Code(type));
            }

            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Spread(delegate* unmanaged<nint, long*, long, int, int, nint> call, long[] dims, bool unbiased, bool keep)
        {
            nint result;
            fixed (long* p = dims)
            {
                result = call(Handle, p, dims.Length, unbiased ? 1 : 0, keep ? 1 : 0);
            }

            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Extreme(delegate* unmanaged<nint, long*, long, int, nint> call, long[] dims, bool keep)
        {
            nint result;
            fixed (long* p = dims)
            {
                result = call(Handle, p, dims.Length, keep ? 1 : 0);
            }

            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private (Tensor Values, Tensor Indices) ValuesAndIndices(delegate* unmanaged<nint, long, int, nint*, nint*, int> call, long dim, bool keep)
        {
            nint values, indices;
            Check(call(Handle, dim, keep ? 1 : 0, &values, &indices));
            GC.KeepAlive(this);
            return (new Tensor(values), new Tensor(indices));
        }
    }
}
