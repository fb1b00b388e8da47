namespace TorchSharp;

public static partial class torch
{
    /// <summary>One index of a dimension: a number, a slice, a tensor, an ellipsis, a new axis.</summary>
    public readonly struct TensorIndex
    {
        public static readonly TensorIndex Ellipsis = new(3, 0, 0, 0, null);
        public static readonly TensorIndex None = new(4, 0, 0, 0, null);
        public static readonly TensorIndex Null = new(4, 0, 0, 0, null);
        private readonly long _kind;
        private readonly long _a;
        private readonly long _b;
        private readonly long _c;
        private readonly Tensor? _tensor;

        private TensorIndex(long kind, long a, long b, long c, Tensor? tensor)
        {
            _kind = kind;
            _a = a;
            _b = b;
            _c = c;
            _tensor = tensor;
        }

        public static implicit operator TensorIndex(long value) => Single(value);

        public static implicit operator TensorIndex(Range range) =>
            Slice(
                range.Start.IsFromEnd ? -range.Start.Value : range.Start.Value,
                range.End.IsFromEnd ? (range.End.Value == 0 ? null : -range.End.Value) : range.End.Value);

        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new(1, start ?? long.MinValue, stop ?? long.MinValue, step ?? long.MinValue, null);

        public static TensorIndex Bool(bool value) => new(5, value ? 1 : 0, 0, 0, null);

        public static TensorIndex Single(long? index) => new(0, index ?? 0, 0, 0, null);

        public static TensorIndex Tensor(Tensor tensor) => new(2, 0, 0, 0, tensor);

        internal static unsafe void Encode(TensorIndex[] indices, long* numbers, nint* tensors)
        {
            var n = indices.Length;
            for (var i = 0; i < n; i++)
            {
                var index = indices[i];
                numbers[i] = index._kind;
                numbers[n + i] = index._a;
                numbers[2 * n + i] = index._b;
                numbers[3 * n + i] = index._c;
                tensors[i] = index._tensor?.Handle ?? 0;
            }
        }
    }
}
