// Element by element, reductions, matrix products, linear algebra.
#include "abi.h"

using namespace paris;

#define UNARY(name) \
  API T p_##name(T t) { TRY(Ref r(t); return give(at::name(r));) }
#define UNARY_INPLACE(name) \
  UNARY(name)               \
  API int p_##name##_(T t) { TRY(Ref r(t); r->name##_(); return 1;) }

UNARY(abs)
UNARY(cos)
UNARY(exp)
UNARY(floor)
UNARY(log)
UNARY(neg)
UNARY(reciprocal)
UNARY_INPLACE(relu)
UNARY(round)
UNARY_INPLACE(sigmoid)
UNARY(sign)
UNARY(sin)
UNARY(sqrt)
UNARY(square)
UNARY_INPLACE(tanh)
UNARY(trunc)
UNARY(isfinite)
API int p_fill_(T t, PScalar v) { TRY(Ref r(t); r->fill_(scalar(v)); return 1;) }

// ---- two operands

#define BINARY(name) \
  API T p_##name(T a, T b) { TRY(Ref x(a); Ref y(b); return give(at::name(x, y));) }
#define COMPARISON(name) \
  BINARY(name)           \
  API T p_##name##_scalar(T a, PScalar b) { TRY(Ref x(a); return give(at::name(x, scalar(b)));) }

COMPARISON(lt)
COMPARISON(le)
COMPARISON(gt)
COMPARISON(ge)
BINARY(maximum)
BINARY(minimum)

#define ARITHMETIC(name)                                                                                        \
  COMPARISON(name)                                                                                              \
  API int p_##name##_(T a, T b) { TRY(Ref x(a); Ref y(b); x->name##_(y); return 1;) }                           \
  API int p_##name##_scalar_(T a, PScalar b) { TRY(Ref x(a); x->name##_(scalar(b)); return 1;) }

ARITHMETIC(mul)
ARITHMETIC(div)
COMPARISON(pow)
COMPARISON(remainder)

#define SUM(name)                                                                                                                    \
  API T p_##name(T a, T b, PScalar alpha) { TRY(Ref x(a); Ref y(b); return give(at::name(x, y, scalar(alpha)));) }                   \
  API T p_##name##_scalar(T a, PScalar b, PScalar alpha) { TRY(Ref x(a); return give(at::name(x, scalar(b), scalar(alpha)));) }      \
  API int p_##name##_(T a, T b, PScalar alpha) { TRY(Ref x(a); Ref y(b); x->name##_(y, scalar(alpha)); return 1;) }                  \
  API int p_##name##_scalar_(T a, PScalar b, PScalar alpha) { TRY(Ref x(a); x->name##_(scalar(b), scalar(alpha)); return 1;) }

SUM(add)
SUM(sub)

API T p_addcmul(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); return give(at::addcmul(x, y, z, scalar(v)));) }
API int p_addcmul_(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); x->addcmul_(y, z, scalar(v)); return 1;) }
API int p_addcdiv_(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); x->addcdiv_(y, z, scalar(v)); return 1;) }

/// has: bit 0 = lower bound given, bit 1 = upper bound given.
API T p_clamp(T t, PScalar low, PScalar high, int has) {
  TRY(Ref r(t); return give(at::clamp(r, has & 1 ? c10::optional<at::Scalar>(scalar(low)) : c10::nullopt, has & 2 ? c10::optional<at::Scalar>(scalar(high)) : c10::nullopt));)
}

// ---- reductions

API T p_sum(T t, int64_t dtype) { TRY(Ref r(t); return give(at::sum(r, type(dtype)));) }
API T p_sum_dim(T t, const int64_t* dims, int64_t n, int keep, int64_t dtype) { TRY(Ref r(t); return give(at::sum(r, ints(dims, n), keep != 0, type(dtype)));) }
API T p_mean(T t, int64_t dtype) { TRY(Ref r(t); return give(at::mean(r, type(dtype)));) }
API T p_mean_dim(T t, const int64_t* dims, int64_t n, int keep, int64_t dtype) { TRY(Ref r(t); return give(at::mean(r, ints(dims, n), keep != 0, type(dtype)));) }
API T p_var(T t, int unbiased) { TRY(Ref r(t); return give(at::var(r, unbiased != 0));) }
API T p_var_dim(T t, const int64_t* dims, int64_t n, int unbiased, int keep) { TRY(Ref r(t); return give(at::var(r, ints(dims, n), unbiased != 0, keep != 0));) }
API T p_std(T t, int unbiased) { TRY(Ref r(t); return give(at::std(r, unbiased != 0));) }
API T p_std_dim(T t, const int64_t* dims, int64_t n, int unbiased, int keep) { TRY(Ref r(t); return give(at::std(r, ints(dims, n), unbiased != 0, keep != 0));) }
UNARY(max)
UNARY(min)
UNARY(median)
UNARY(all)
UNARY(any)
API T p_all_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::all(r, dim, keep != 0));) }
API T p_any_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::any(r, dim, keep != 0));) }
API T p_argmax(T t) { TRY(Ref r(t); return give(at::argmax(r));) }
API T p_argmax_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::argmax(r, dim, keep != 0));) }
API T p_norm(T t, double p) { TRY(Ref r(t); return give(at::norm(r, p));) }
API T p_norm_dim(T t, int64_t dim, int keep, double p) { TRY(Ref r(t); return give(at::norm(r, p, dim, keep != 0));) }

static int pair(std::tuple<at::Tensor, at::Tensor> result, T* first, T* second) {
  *first = give(std::move(std::get<0>(result)));
  *second = give(std::move(std::get<1>(result)));
  return 1;
}
API int p_max_dim(T t, int64_t dim, int keep, T* values, T* indices) { TRY(Ref r(t); return pair(at::max(r, dim, keep != 0), values, indices);) }
API int p_min_dim(T t, int64_t dim, int keep, T* values, T* indices) { TRY(Ref r(t); return pair(at::min(r, dim, keep != 0), values, indices);) }

// ---- matrices

BINARY(mm)
BINARY(matmul)
BINARY(dot)
BINARY(outer)
UNARY(trace)
API int p_eigh(T t, char triangle, T* values, T* vectors) {
  TRY(Ref r(t); return pair(at::linalg_eigh(r, std::string(1, triangle)), values, vectors);)
}
