using System.Collections;
using System.Runtime.InteropServices;

namespace TorchSharp.Utils;

/// <summary>The numbers of a tensor on the CPU in row-major order.</summary>
public sealed class TensorAccessor<T> : IDisposable, IEnumerable<T>
    where T : unmanaged
{
    private readonly torch.Tensor _tensor;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (!tensor.is_cpu())
        {
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        }

        _tensor = tensor;
    }

    public long Count => _tensor.NumberOfElements;

    public T this[params long[] indices]
    {
        get => Element(indices);
        set => Element(indices) = value;
    }

    public T[] ToArray()
    {
        var result = new T[Count];
        CopyTo(result);
        return result;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo((Span<T>)array, arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        using var contiguous = _tensor.contiguous();
        var source = MemoryMarshal.Cast<byte, T>(contiguous.bytes)[(int)tensorIndex..];
        source[..Math.Min(source.Length, array.Length - arrayIndex)].CopyTo(array[arrayIndex..]);
    }

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose()
    {
    }

    private unsafe ref T Element(long[] indices)
    {
        var shape = _tensor.shape;
        var strides = _tensor.stride();
        if (indices.Length != shape.Length)
        {
            throw new ArgumentException("Indices length does not match rank of tensor", nameof(indices));
        }

        var offset = 0L;
        for (var i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= shape[i])
            {
                throw new ArgumentOutOfRangeException(nameof(indices));
            }

            offset += indices[i] * strides[i];
        }

        return ref ((T*)PInvoke.Native.data(_tensor.Handle))[offset];
    }
}
