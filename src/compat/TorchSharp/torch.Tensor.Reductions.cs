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

        public Tensor prod(ScalarType? type = null) => Dim(Native.prod, Code(type));

        public Tensor var(bool unbiased = true) => Flag(Native.var, unbiased);

        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim], unbiased, keepdim, type);

        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Spread(Native.var_dim, dimensions, unbiased, keepdim);

        public Tensor std(bool unbiased = true) => Flag(Native.std, unbiased);

        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim], unbiased, keepdim, type);

        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => Spread(Native.std_dim, dimensions, unbiased, keepdim);

        public Tensor amax(params long[] dims) => Extreme(Native.amax, dims, false);

        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => Extreme(Native.amax, dims, keepdim);

        public Tensor amin(params long[] dims) => Extreme(Native.amin, dims, false);

        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => Extreme(Native.amin, dims, keepdim);

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

        public Tensor argmin() => Unary(Native.argmin, this);

        public Tensor argmax(long dim, bool keepdim = false) => DimFlag(Native.argmax_dim, dim, keepdim);

        public Tensor argmin(long dim, bool keepdim = false) => DimFlag(Native.argmin_dim, dim, keepdim);

        public Tensor argsort(long dim = -1, bool descending = false) => DimFlag(Native.argsort, dim, descending);

        public Tensor logsumexp(long dim, bool keepdim = false) => DimFlag(Native.logsumexp, dim, keepdim);

        public Tensor cumsum(long dim, ScalarType? type = null) => Dims(Native.cumsum, dim, Code(type));

        public Tensor softmax(long dim, ScalarType? dtype = null) => Dims(Native.softmax, dim, Code(dtype));

        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Dims(Native.log_softmax, dim, Code(dtype));

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

        public Tensor bincount(Tensor? weights, long minlength = 0)
        {
            var result = Native.bincount(Handle, weights?.Handle ?? 0, minlength);
            Keep(this, weights, weights);
            return new Tensor(Check(result));
        }

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            nint values, indices;
            Check(Native.topk(Handle, k, dim, largest ? 1 : 0, sorted ? 1 : 0, &values, &indices));
            GC.KeepAlive(this);
            return (new Tensor(values), new Tensor(indices));
        }

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            nint values, indices;
            Check(Native.sort(Handle, dim, descending ? 1 : 0, stable ? 1 : 0, &values, &indices));
            GC.KeepAlive(this);
            return (new Tensor(values), new Tensor(indices));
        }

        // ---- matrices

        public Tensor mm(Tensor target) => Binary(Native.mm, this, target);

        public Tensor mv(Tensor target) => Binary(Native.mv, this, target);

        public Tensor bmm(Tensor batch2) => Binary(Native.bmm, this, batch2);

        public Tensor matmul(Tensor target) => Binary(Native.matmul, this, target);

        public Tensor dot(Tensor target) => Binary(Native.dot, this, target);

        public Tensor outer(Tensor vec2) => Binary(Native.outer, this, vec2);

        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1)
        {
            var result = Native.addmm(Handle, mat1.Handle, mat2.Handle, beta, alpha);
            Keep(this, mat1, mat2);
            return new Tensor(Check(result));
        }

        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1, float alpha = 1)
        {
            Check(Native.addmm_(Handle, mat1.Handle, mat2.Handle, beta, alpha));
            Keep(this, mat1, mat2);
            return this;
        }

        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1, float alpha = 1)
        {
            var result = Native.baddbmm(Handle, batch1.Handle, batch2.Handle, beta, alpha);
            Keep(this, batch1, batch2);
            return new Tensor(Check(result));
        }

        public Tensor tril(long diagonal = 0) => Dim(Native.tril, diagonal);

        public Tensor triu(long diagonal = 0) => Dim(Native.triu, diagonal);

        public Tensor diag(long diagonal = 0) => Dim(Native.diag, diagonal);

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
