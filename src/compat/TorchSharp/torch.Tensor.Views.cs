using System.Runtime.CompilerServices;
using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    /// <summary>Views, copies, conversions and indexing.</summary>
    public partial class Tensor
    {
        public Tensor T => t();

        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => select(0, i1);
            set
            {
                using var row = select(0, i1);
                row.copy_(value);
            }
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get
            {
                using var row = select(0, i1);
                return row.select(0, i2);
            }

            set
            {
                using var item = this[i1, i2];
                item.copy_(value);
            }
        }

        public Tensor alias() => Unary(Native.alias, this);

        public Tensor clone() => Unary(Native.clone, this);

        public Tensor contiguous() => Unary(Native.contiguous, this);

        public Tensor detach() => Unary(Native.detach, this);

        public Tensor t() => Unary(Native.t, this);

        public Tensor view(params long[] shape) => Sized(Native.view, shape);

        public Tensor reshape(params long[] shape) => Sized(Native.reshape, shape);

        public Tensor expand(params long[] sizes) => Sized(Native.expand, sizes);

        public Tensor permute(params long[] permutation) => Sized(Native.permute, permutation);

        public Tensor repeat(params long[] sizes) => Sized(Native.repeat, sizes);

        public Tensor flip(params long[] dims) => Sized(Native.flip, dims);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Dims(Native.flatten, start_dim, end_dim);

        public Tensor transpose(long dim0, long dim1) => Dims(Native.transpose, dim0, dim1);

        public Tensor select(long dim, long index) => Dims(Native.select, dim, index);

        public Tensor unsqueeze(long dim) => Dim(Native.unsqueeze, dim);

        public Tensor narrow(long dim, long start, long length)
        {
            var result = Native.narrow(Handle, dim, start, length);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        public Tensor slice(long dim, long start, long finish, long step)
        {
            var result = Native.slice(Handle, dim, start, finish, step);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        public Tensor[] chunk(long chunks, long dim = 0L)
        {
            nint* parts = stackalloc nint[checked((int)chunks)];
            var count = Native.chunk(Handle, chunks, dim, parts);
            GC.KeepAlive(this);
            return Parts(parts, count);
        }

        public Tensor[] split(long size, int dim = 0)
        {
            var length = this.size(dim);
            var sizes = new long[(length + size - 1) / size];
            Array.Fill(sizes, size);
            if (sizes.Length > 0)
            {
                sizes[^1] = length - size * (sizes.Length - 1);
            }

            return split(sizes, dim);
        }

        public Tensor[] split(long[] sizes, long dim = 0)
        {
            nint* parts = stackalloc nint[sizes.Length];
            long count;
            fixed (long* p = sizes)
            {
                count = Native.split(Handle, p, sizes.Length, dim, parts);
            }

            GC.KeepAlive(this);
            return Parts(parts, count);
        }

        // ---- copies and conversions

        public Tensor copy_(Tensor source, bool nonBlocking = false) => InPlace(Native.copy_, this, source);

        /// <summary>This tensor takes the storage, shape and strides of the other.</summary>
        public Tensor set_(Tensor source) => InPlace(Native.set_, this, source);

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To((long)type, -1, -1, copy, disposeAfter);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To(-1, (long)device.type, device.index, copy, disposeAfter);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            To((long)type, (long)device.type, device.index, copy, disposeAfter);

        public Tensor cpu() => to(CPU);

        public Tensor @float() => to(ScalarType.Float32);

        public Tensor @double() => to(ScalarType.Float64);

        public Tensor @long() => to(ScalarType.Int64);

        public Tensor @int() => to(ScalarType.Int32);

        public Tensor @bool() => to(ScalarType.Bool);

        public Tensor @byte() => to(ScalarType.Byte);

        public Tensor zeros_like(ScalarType? dtype = null, Device? device = null, bool requires_grad = false) => full_like(0, dtype, device, requires_grad);

        public Tensor full_like(Scalar value, ScalarType? dtype = null, Device? device = null, bool requires_grad = false)
        {
            var result = Native.full_like(Handle, value.Value, dtype is { } type ? (long)type : -1);
            GC.KeepAlive(this);
            return new Tensor(Check(result)).with_requires_grad(requires_grad);
        }

        // ---- indexing

        public Tensor index(params TensorIndex[] indices)
        {
            var n = indices.Length;
            long* numbers = stackalloc long[4 * n];
            nint* tensors = stackalloc nint[n];
            TensorIndex.Encode(indices, numbers, tensors);
            var result = Native.index(Handle, numbers, numbers + n, numbers + 2 * n, numbers + 3 * n, tensors, n);
            GC.KeepAlive(this);
            GC.KeepAlive(indices);
            return new Tensor(Check(result));
        }

        public Tensor index_put_(Tensor value, params TensorIndex[] indices)
        {
            var n = indices.Length;
            long* numbers = stackalloc long[4 * n];
            nint* tensors = stackalloc nint[n];
            TensorIndex.Encode(indices, numbers, tensors);
            Check(Native.index_put_(Handle, numbers, numbers + n, numbers + 2 * n, numbers + 3 * n, tensors, n, value.Handle));
            Keep(this, value, value);
            GC.KeepAlive(indices);
            return this;
        }

        public Tensor index_select(long dim, Tensor index) => Indexed(Native.index_select, dim, index);

        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha)
        {
            Check(Native.index_add_(Handle, dim, index.Handle, source.Handle, alpha.Value));
            Keep(this, index, source);
            return this;
        }

        internal static Tensor[] Parts(nint* parts, long count)
        {
            if (count == 0)
            {
                throw Native.Failure();
            }

            var result = new Tensor[count];
            for (var i = 0; i < result.Length; i++)
            {
                result[i] = new Tensor(parts[i]);
            }

            return result;
        }

        private Tensor Sized(delegate* unmanaged<nint, long*, long, nint> call, long[] sizes)
        {
            nint result;
            fixed (long* p = sizes)
            {
                result = call(Handle, p, sizes.Length);
            }

            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Dim(delegate* unmanaged<nint, long, nint> call, long a)
        {
            var result = call(Handle, a);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Dims(delegate* unmanaged<nint, long, long, nint> call, long a, long b)
        {
            var result = call(Handle, a, b);
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        private Tensor Indexed(delegate* unmanaged<nint, long, nint, nint> call, long dim, Tensor index)
        {
            var result = call(Handle, dim, index.Handle);
            Keep(this, index, index);
            return new Tensor(Check(result));
        }

        private Tensor To(long type, long deviceType, long deviceIndex, bool copy, bool disposeAfter)
        {
            var result = Native.to(Handle, type, deviceType, deviceIndex, copy ? 1 : 0);
            GC.KeepAlive(this);
            var converted = new Tensor(Check(result));
            if (disposeAfter)
            {
                Dispose();
            }

            return converted;
        }
    }
}
