using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using TorchSharp.PInvoke;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A tensor of the native library. This file: life, description, data; the others hold its operations by kind.</summary>
    [SuppressMessage("Design", "CA1063", Justification = "The shape of the official type.")]
    public partial class Tensor : IDisposable
    {
        private static long s_totalCount;
        private static long s_peakCount;

        internal nint handle;

        internal Tensor(nint handle, bool register = true)
        {
            this.handle = handle;
            var count = Interlocked.Increment(ref s_totalCount);
            if (count > s_peakCount)
            {
                s_peakCount = count;
            }

            if (register)
            {
                DisposeScopeManager.ThreadSingleton.CurrentDisposeScope?.Add(this);
            }
        }

        ~Tensor() => Dispose(false);

        /// <summary>Tensors alive in this process.</summary>
        public static long TotalCount => Interlocked.Read(ref s_totalCount);

        public static long PeakCount => Interlocked.Read(ref s_peakCount);

        public string? name { get; set; }

        public bool IsInvalid => handle == 0;

        public nint Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public unsafe long Dimensions => Native.dim(Handle);

        public unsafe long NumberOfElements => Native.numel(Handle);

        public unsafe long ElementSize => Native.element_size(Handle);

        public unsafe ScalarType dtype => (ScalarType)Native.dtype(Handle);

        public unsafe Device device => device_type == DeviceType.CPU ? CPU : new Device(device_type, device_index);

        public unsafe DeviceType device_type => (DeviceType)Native.device_type(Handle);

        public unsafe int device_index => (int)Native.device_index(Handle);

        public unsafe long[] shape
        {
            get
            {
                var result = new long[Dimensions];
                fixed (long* p = result)
                {
                    Check(Native.sizes(Handle, p));
                }

                return result;
            }
        }

        public unsafe bool requires_grad
        {
            get => Native.requires_grad(Handle) == 2;
            set => Check(Native.set_requires_grad(Handle, value ? 1 : 0));
        }

        /// <summary>The gradient: null where there is none. Every reading makes a new tensor object.</summary>
        public unsafe Tensor? grad
        {
            get
            {
                int ok;
                var result = Native.get_grad(Handle, &ok);
                return result != 0 ? new Tensor(result) : ok == 1 ? null : throw Native.Failure();
            }

            set
            {
                Check(Native.set_grad(Handle, value is null ? 0 : value.Handle));
                GC.KeepAlive(value);
            }
        }

        /// <summary>The memory of a contiguous tensor on the CPU.</summary>
        public unsafe Span<byte> bytes
        {
            get
            {
                if (device_type != DeviceType.CPU)
                {
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                }

                if (!is_contiguous())
                {
                    throw new InvalidOperationException("Bytes() called on non-contiguous tensor.");
                }

                return new Span<byte>((void*)Native.data(Handle), checked((int)(NumberOfElements * ElementSize)));
            }
        }

        internal DisposeScope? OwningDisposeScope { get; set; }

        internal int ScopeIndex { get; set; }

        public long dim() => Dimensions;

        public long numel() => NumberOfElements;

        public bool is_floating_point() => torch.is_floating_point(dtype);

        public bool is_cpu() => device_type == DeviceType.CPU;

        public long[] size() => shape;

        public long size(int dim) => shape[dim < 0 ? dim + (int)Dimensions : dim];

        public unsafe long[] stride()
        {
            var result = new long[Dimensions];
            fixed (long* p = result)
            {
                Check(Native.strides(Handle, p));
            }

            return result;
        }

        public long stride(int dim) => stride()[dim < 0 ? dim + (int)Dimensions : dim];

        public unsafe bool is_contiguous() => Native.is_contiguous(Handle) == 2;

        public TensorAccessor<T> data<T>()
            where T : unmanaged
        {
            ValidateType(typeof(T));
            return new TensorAccessor<T>(this);
        }

        public T item<T>()
            where T : unmanaged
        {
            if (NumberOfElements != 1)
            {
                throw new ArgumentException("Number of elements in the tensor must be 1");
            }

            ValidateType(typeof(T));
            var (real, integer) = ReadItem();
            if (typeof(T) == typeof(float))
            {
                return Cast<float, T>((float)real);
            }

            if (typeof(T) == typeof(double))
            {
                return Cast<double, T>(real);
            }

            if (typeof(T) == typeof(long))
            {
                return Cast<long, T>(integer);
            }

            if (typeof(T) == typeof(int))
            {
                return Cast<int, T>((int)integer);
            }

            if (typeof(T) == typeof(bool))
            {
                return Cast<bool, T>(integer != 0);
            }

            if (typeof(T) == typeof(byte))
            {
                return Cast<byte, T>((byte)integer);
            }

            throw new NotSupportedException($"item<{typeof(T).Name}> is not supported");
        }

        public Scalar ToScalar()
        {
            var (real, integer) = ReadItem();
            var type = dtype;
            return type == ScalarType.Bool ? new Scalar(NativeScalar.Of(integer != 0), type)
                : torch.is_floating_point(type) ? new Scalar(real, type)
                : new Scalar(integer, type);
        }

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        public Tensor requires_grad_(bool requires_grad = true) => with_requires_grad(requires_grad);

        public void backward() => autograd.backward(this);

        /// <summary>Gives the tensor to the scope outside of its own, or to none.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        public override string ToString() =>
            $"[{string.Join("x", shape.Select(n => n.ToString(CultureInfo.InvariantCulture)))}], type = {dtype}, device = {device}";

        /// <summary>Takes the native tensor away from this object, which is then empty.</summary>
        internal nint MoveHandle()
        {
            var moved = Handle;
            handle = 0;
            Interlocked.Decrement(ref s_totalCount);
            GC.SuppressFinalize(this);
            return moved;
        }

        protected virtual unsafe void Dispose(bool disposing)
        {
            if (handle == 0)
            {
                return;
            }

            // The finaliser runs on its own thread: the list of a scope belongs to the thread that made it.
            if (disposing && OwningDisposeScope is { } scope)
            {
                scope.Remove(this);
            }

            Interlocked.Decrement(ref s_totalCount);
            Native.free(handle);
            handle = 0;
        }

        private static TTo Cast<TFrom, TTo>(TFrom value) => Unsafe.As<TFrom, TTo>(ref value);

        private unsafe (double Real, long Integer) ReadItem()
        {
            double real;
            long integer;
            Check(Native.item(Handle, &real, &integer));
            GC.KeepAlive(this);
            return (real, integer);
        }

        private void ValidateType(Type dotnetType)
        {
            if (ToScalarType(dotnetType) is var wanted && wanted != dtype)
            {
                throw new ArgumentException($"{dotnetType.Name} is not compatible with {dtype}");
            }
        }
    }
}
