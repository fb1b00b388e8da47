using System.Runtime.CompilerServices;
using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    /// <summary>Operations element by element; those whose name ends in _ change the tensor and return it.</summary>
    public partial class Tensor
    {
        private static readonly NativeScalar s_one = 1L;

        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);

        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);

        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);

        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);

        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);

        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);

        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);

        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);

        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);

        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);

        public static Tensor operator -(Scalar left, Tensor right)
        {
            using var negative = right.neg();
            return negative.add(left);
        }

        public static Tensor operator /(Scalar left, Tensor right)
        {
            using var reciprocal = right.reciprocal();
            return reciprocal.mul(left);
        }

        public static Tensor operator -(Tensor tensor) => tensor.neg();

        public static Tensor operator %(Tensor left, Scalar right) => left.remainder(right);

        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);

        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);

        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);

        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);

        public Tensor abs() => Unary(Native.abs, this);

        public Tensor cos() => Unary(Native.cos, this);

        public Tensor exp() => Unary(Native.exp, this);

        public Tensor gelu() => Unary(Native.gelu, this);

        public Tensor floor() => Unary(Native.floor, this);

        public Tensor log() => Unary(Native.log, this);

        public Tensor neg() => Unary(Native.neg, this);

        public Tensor reciprocal() => Unary(Native.reciprocal, this);

        public Tensor relu() => Unary(Native.relu, this);

        public Tensor relu_() => InPlace(Native.relu_, this);

        public Tensor sigmoid_() => InPlace(Native.sigmoid_, this);

        public Tensor sign() => Unary(Native.sign, this);

        public Tensor silu() => Unary(Native.silu, this);

        public Tensor silu_() => InPlace(Native.silu_, this);

        public Tensor sin() => Unary(Native.sin, this);

        public Tensor sqrt() => Unary(Native.sqrt, this);

        public Tensor tanh() => Unary(Native.tanh, this);

        public Tensor tanh_() => InPlace(Native.tanh_, this);

        public Tensor trunc() => Unary(Native.trunc, this);

        public Tensor negative() => neg();

        public Tensor round(long decimals = 0L) => decimals == 0 ? Unary(Native.round, this) : throw new NotSupportedException("round to decimals");

        public Tensor square() => Unary(Native.square, this);

        public Tensor isfinite() => Unary(Native.isfinite, this);

        public Tensor fill_(Scalar value)
        {
            Check(Native.fill_(Handle, value.Value));
            GC.KeepAlive(this);
            return this;
        }

        public Tensor add(Tensor target) => Sum(Native.add, this, target, s_one);

        public Tensor add(Scalar scalar) => Sum(Native.add_scalar, this, scalar.Value, s_one);

        public Tensor add_(Tensor target) => SumInPlace(Native.add_, this, target, s_one);

        public Tensor add_(Scalar scalar) => SumInPlace(Native.add_scalar_, this, scalar.Value, s_one);

        public Tensor sub(Tensor target) => Sum(Native.sub, this, target, s_one);

        public Tensor sub(Scalar target) => Sum(Native.sub_scalar, this, target.Value, s_one);

        public Tensor add(Tensor target, Scalar alpha) => Sum(Native.add, this, target, alpha.Value);

        public Tensor add_(Tensor target, Scalar alpha) => SumInPlace(Native.add_, this, target, alpha.Value);

        public Tensor mul(Tensor target) => Binary(Native.mul, this, target);

        public Tensor mul(Scalar target) => Binary(Native.mul_scalar, this, target.Value);

        public Tensor mul_(Tensor target) => InPlace(Native.mul_, this, target);

        public Tensor mul_(Scalar target) => InPlace(Native.mul_scalar_, this, target.Value);

        public Tensor pow(Tensor exponent) => Binary(Native.pow, this, exponent);

        public Tensor pow(Scalar exponent) => Binary(Native.pow_scalar, this, exponent.Value);

        public Tensor remainder(Tensor target) => Binary(Native.remainder, this, target);

        public Tensor remainder(Scalar scalar) => Binary(Native.remainder_scalar, this, scalar.Value);

        public Tensor div(Tensor target) => Binary(Native.div, this, target);

        public Tensor div(Scalar target) => Binary(Native.div_scalar, this, target.Value);

        public Tensor div_(Tensor target) => InPlace(Native.div_, this, target);

        public Tensor div_(Scalar target) => InPlace(Native.div_scalar_, this, target.Value);

        public Tensor lt(Tensor target) => Binary(Native.lt, this, target);

        public Tensor lt(Scalar target) => Binary(Native.lt_scalar, this, target.Value);

        public Tensor le(Tensor target) => Binary(Native.le, this, target);

        public Tensor le(Scalar target) => Binary(Native.le_scalar, this, target.Value);

        public Tensor gt(Tensor target) => Binary(Native.gt, this, target);

        public Tensor gt(Scalar target) => Binary(Native.gt_scalar, this, target.Value);

        public Tensor ge(Tensor target) => Binary(Native.ge, this, target);

        public Tensor ge(Scalar target) => Binary(Native.ge_scalar, this, target.Value);

        public Tensor maximum(Tensor other) => Binary(Native.maximum, this, other);

        public Tensor minimum(Tensor other) => Binary(Native.minimum, this, other);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Ternary(Native.addcmul, this, tensor1, tensor2, value.Value);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => TernaryInPlace(Native.addcmul_, this, tensor1, tensor2, value.Value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => TernaryInPlace(Native.addcdiv_, this, tensor1, tensor2, value.Value);

        public Tensor clamp(Scalar? min = null, Scalar? max = null)
        {
            var result = Native.clamp(Handle, min?.Value ?? default, max?.Value ?? default, (min is null ? 0 : 1) | (max is null ? 0 : 2));
            GC.KeepAlive(this);
            return new Tensor(Check(result));
        }

        public Tensor clamp_min(Scalar min) => clamp(min, null);

        public Tensor where(Tensor condition, Tensor y) => Ternary(Native.where, condition, this, y);

        public Tensor normal_(double mean = 0.0, double std = 1.0)
        {
            Check(Native.normal_(Handle, mean, std));
            GC.KeepAlive(this);
            return this;
        }

        public Tensor uniform_(double from, double to)
        {
            Check(Native.uniform_(Handle, from, to));
            GC.KeepAlive(this);
            return this;
        }

        // Every call keeps its tensors alive to its end: a finaliser must not free what the native side works on.

        internal static Tensor Unary(delegate* unmanaged<nint, nint> call, Tensor a)
        {
            var result = call(a.Handle);
            GC.KeepAlive(a);
            return new Tensor(Check(result));
        }

        internal static Tensor Binary(delegate* unmanaged<nint, nint, nint> call, Tensor a, Tensor b)
        {
            var result = call(a.Handle, b.Handle);
            Keep(a, b, b);
            return new Tensor(Check(result));
        }

        internal static Tensor Ternary(delegate* unmanaged<nint, nint, nint, nint> call, Tensor a, Tensor b, Tensor c)
        {
            var result = call(a.Handle, b.Handle, c.Handle);
            Keep(a, b, c);
            return new Tensor(Check(result));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        internal static void Keep(Tensor? a, Tensor? b, Tensor? c)
        {
        }

        private static Tensor InPlace(delegate* unmanaged<nint, int> call, Tensor a)
        {
            Check(call(a.Handle));
            GC.KeepAlive(a);
            return a;
        }

        private static Tensor InPlace(delegate* unmanaged<nint, nint, int> call, Tensor a, Tensor b)
        {
            Check(call(a.Handle, b.Handle));
            Keep(a, b, b);
            return a;
        }

        private static Tensor InPlace(delegate* unmanaged<nint, NativeScalar, int> call, Tensor a, NativeScalar b)
        {
            Check(call(a.Handle, b));
            GC.KeepAlive(a);
            return a;
        }

        private static Tensor Binary(delegate* unmanaged<nint, NativeScalar, nint> call, Tensor a, NativeScalar b)
        {
            var result = call(a.Handle, b);
            GC.KeepAlive(a);
            return new Tensor(Check(result));
        }

        private static Tensor Sum(delegate* unmanaged<nint, nint, NativeScalar, nint> call, Tensor a, Tensor b, NativeScalar alpha)
        {
            var result = call(a.Handle, b.Handle, alpha);
            Keep(a, b, b);
            return new Tensor(Check(result));
        }

        private static Tensor Sum(delegate* unmanaged<nint, NativeScalar, NativeScalar, nint> call, Tensor a, NativeScalar b, NativeScalar alpha)
        {
            var result = call(a.Handle, b, alpha);
            GC.KeepAlive(a);
            return new Tensor(Check(result));
        }

        private static Tensor SumInPlace(delegate* unmanaged<nint, nint, NativeScalar, int> call, Tensor a, Tensor b, NativeScalar alpha)
        {
            Check(call(a.Handle, b.Handle, alpha));
            Keep(a, b, b);
            return a;
        }

        private static Tensor SumInPlace(delegate* unmanaged<nint, NativeScalar, NativeScalar, int> call, Tensor a, NativeScalar b, NativeScalar alpha)
        {
            Check(call(a.Handle, b, alpha));
            GC.KeepAlive(a);
            return a;
        }

        private static Tensor Ternary(delegate* unmanaged<nint, nint, nint, NativeScalar, nint> call, Tensor a, Tensor b, Tensor c, NativeScalar value)
        {
            var result = call(a.Handle, b.Handle, c.Handle, value);
            Keep(a, b, c);
            return new Tensor(Check(result));
        }

        private static Tensor TernaryInPlace(delegate* unmanaged<nint, nint, nint, NativeScalar, int> call, Tensor a, Tensor b, Tensor c, NativeScalar value)
        {
            Check(call(a.Handle, b.Handle, c.Handle, value));
            Keep(a, b, c);
            return a;
        }
    }
}
