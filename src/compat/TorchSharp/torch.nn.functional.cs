using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static partial class nn
    {
        public enum Reduction : long
        {
            None = 0,
            Mean = 1,
            Sum = 2,
        }

        public static class functional
        {
            private static readonly long[] s_ones = [1, 1];
            private static readonly long[] s_zeros = [0, 0];

            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null)
            {
                var result = Native.linear(input.Handle, weights.Handle, bias?.Handle ?? 0);
                Tensor.Keep(input, weights, bias);
                return new Tensor(Check(result));
            }

            public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
            {
                nint result;
                fixed (long* p = normalized_shape)
                {
                    result = Native.layer_norm(input.Handle, p, normalized_shape.Length, weight?.Handle ?? 0, bias?.Handle ?? 0, eps);
                }

                Tensor.Keep(input, weight, bias);
                return new Tensor(Check(result));
            }

            public static Tensor group_norm(Tensor input, long num_groups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
            {
                var result = Native.group_norm(input.Handle, num_groups, weight?.Handle ?? 0, bias?.Handle ?? 0, eps);
                Tensor.Keep(input, weight, bias);
                return new Tensor(Check(result));
            }

            public static Tensor batch_norm(Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight = null, Tensor? bias = null, bool training = false, double momentum = 0.1, double eps = 1e-5)
            {
                var result = Native.batch_norm(input.Handle, running_mean?.Handle ?? 0, running_var?.Handle ?? 0, weight?.Handle ?? 0, bias?.Handle ?? 0, training ? 1 : 0, momentum, eps);
                Tensor.Keep(input, weight, bias);
                Tensor.Keep(running_mean, running_var, null);
                return new Tensor(Check(result));
            }

            public static Tensor max_pool2d(Tensor input, long kernel_size, long? stride = null, long? padding = null, long? dilation = null, bool ceil_mode = false)
            {
                long* kernel = stackalloc long[] { kernel_size, kernel_size };
                long* s = stackalloc long[] { stride ?? kernel_size, stride ?? kernel_size };
                long* p = stackalloc long[] { padding ?? 0, padding ?? 0 };
                long* d = stackalloc long[] { dilation ?? 1, dilation ?? 1 };
                var result = Native.max_pool2d(input.Handle, kernel, s, p, d, ceil_mode ? 1 : 0);
                GC.KeepAlive(input);
                return new Tensor(Check(result));
            }

            public static Tensor avg_pool2d(Tensor input, long kernel_size, long? stride = null, long padding = 0, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
            {
                long* kernel = stackalloc long[] { kernel_size, kernel_size };
                long* s = stackalloc long[] { stride ?? kernel_size, stride ?? kernel_size };
                long* p = stackalloc long[] { padding, padding };
                var result = Native.avg_pool2d(input.Handle, kernel, s, p, ceil_mode ? 1 : 0, count_include_pad ? 1 : 0, divisor_override ?? 0);
                GC.KeepAlive(input);
                return new Tensor(Check(result));
            }

            public static Tensor conv2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? dilation = null, long groups = 1)
            {
                nint result;
                fixed (long* s = Pair(strides, s_ones), p = Pair(padding, s_zeros), d = Pair(dilation, s_ones))
                {
                    result = Native.conv2d(input.Handle, weight.Handle, bias?.Handle ?? 0, s, p, d, groups);
                }

                Tensor.Keep(input, weight, bias);
                return new Tensor(Check(result));
            }

            public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null, long[]? output_padding = null, long[]? dilation = null, long groups = 1)
            {
                nint result;
                fixed (long* s = Pair(strides, s_ones), p = Pair(padding, s_zeros), o = Pair(output_padding, s_zeros), d = Pair(dilation, s_ones))
                {
                    result = Native.conv_transpose2d(input.Handle, weight.Handle, bias?.Handle ?? 0, s, p, o, d, groups);
                }

                Tensor.Keep(input, weight, bias);
                return new Tensor(Check(result));
            }

            public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false)
            {
                if (p < 0)
                {
                    throw new ArgumentException("Dropout probability must be greater than or equal to zero.");
                }

                if (is_casual && attn_mask is not null)
                {
                    throw new ArgumentException("Casual attention masking cannot pass a mask.");
                }

                var result = Native.sdpa(query.Handle, key.Handle, value.Handle, attn_mask?.Handle ?? 0, p, is_casual ? 1 : 0);
                Tensor.Keep(query, key, value);
                GC.KeepAlive(attn_mask);
                return new Tensor(Check(result));
            }

            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_().alias() : x.silu();

            public static Tensor gelu(Tensor x) => x.gelu();

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_().alias() : x.relu();

            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_().alias() : x.tanh();

            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);

            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false)
            {
                var result = Native.dropout(input.Handle, p, training ? 1 : 0);
                GC.KeepAlive(input);
                return new Tensor(Check(result));
            }

            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Loss(Native.mse_loss, input, target, reduction);

            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) => Loss(Native.l1_loss, input, target, reduction);

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0)
            {
                var result = Native.cross_entropy(input.Handle, target.Handle, weight?.Handle ?? 0, ignore_index, (long)reduction, label_smoothing);
                Tensor.Keep(input, target, weight);
                return new Tensor(Check(result));
            }

            private static long[] Pair(long[]? values, long[] otherwise) =>
                values is null ? otherwise : values.Length == 2 ? values : values.Length == 1 ? [values[0], values[0]] : throw new ArgumentException("two numbers are needed");

            private static Tensor Loss(delegate* unmanaged<nint, nint, long, nint> call, Tensor input, Tensor target, Reduction reduction)
            {
                var result = call(input.Handle, target.Handle, (long)reduction);
                Tensor.Keep(input, target, target);
                return new Tensor(Check(result));
            }
        }
    }
}
