// Element by element, reductions, matrix products, linear algebra.
#include "abi.h"

using namespace paris;

#define UNARY(name) \
  API T p_##name(T t) { TRY(Ref r(t); return give(at::name(r));) }
#define UNARY_INPLACE(name) \
  UNARY(name)               \
  API int p_##name##_(T t) { TRY(Ref r(t); r->name##_(); return 1;) }

UNARY_INPLACE(abs)
UNARY_INPLACE(ceil)
UNARY_INPLACE(cos)
UNARY_INPLACE(erf)
UNARY_INPLACE(exp)
UNARY_INPLACE(expm1)
UNARY_INPLACE(floor)
UNARY_INPLACE(log)
UNARY_INPLACE(log1p)
UNARY_INPLACE(log2)
UNARY_INPLACE(neg)
UNARY_INPLACE(reciprocal)
UNARY_INPLACE(relu)
UNARY_INPLACE(round)
UNARY_INPLACE(rsqrt)
UNARY_INPLACE(sigmoid)
UNARY_INPLACE(sign)
UNARY_INPLACE(sin)
UNARY_INPLACE(sqrt)
UNARY_INPLACE(square)
UNARY_INPLACE(tanh)
UNARY_INPLACE(trunc)
UNARY(isfinite)
UNARY(isnan)
UNARY(isinf)
UNARY(logical_not)
API int p_zero_(T t) { TRY(Ref r(t); r->zero_(); return 1;) }
API int p_fill_(T t, PScalar v) { TRY(Ref r(t); r->fill_(scalar(v)); return 1;) }

// ---- two operands

#define BINARY(name) \
  API T p_##name(T a, T b) { TRY(Ref x(a); Ref y(b); return give(at::name(x, y));) }
#define COMPARISON(name) \
  BINARY(name)           \
  API T p_##name##_scalar(T a, PScalar b) { TRY(Ref x(a); return give(at::name(x, scalar(b)));) }

COMPARISON(eq)
COMPARISON(ne)
COMPARISON(lt)
COMPARISON(le)
COMPARISON(gt)
COMPARISON(ge)
BINARY(maximum)
BINARY(minimum)
BINARY(logical_and)
BINARY(logical_or)
BINARY(atan2)

#define ARITHMETIC(name)                                                                                        \
  COMPARISON(name)                                                                                              \
  API int p_##name##_(T a, T b) { TRY(Ref x(a); Ref y(b); x->name##_(y); return 1;) }                           \
  API int p_##name##_scalar_(T a, PScalar b) { TRY(Ref x(a); x->name##_(scalar(b)); return 1;) }

ARITHMETIC(mul)
ARITHMETIC(div)
ARITHMETIC(pow)
ARITHMETIC(remainder)
ARITHMETIC(floor_divide)

#define SUM(name)                                                                                                                    \
  API T p_##name(T a, T b, PScalar alpha) { TRY(Ref x(a); Ref y(b); return give(at::name(x, y, scalar(alpha)));) }                   \
  API T p_##name##_scalar(T a, PScalar b, PScalar alpha) { TRY(Ref x(a); return give(at::name(x, scalar(b), scalar(alpha)));) }      \
  API int p_##name##_(T a, T b, PScalar alpha) { TRY(Ref x(a); Ref y(b); x->name##_(y, scalar(alpha)); return 1;) }                  \
  API int p_##name##_scalar_(T a, PScalar b, PScalar alpha) { TRY(Ref x(a); x->name##_(scalar(b), scalar(alpha)); return 1;) }

SUM(add)
SUM(sub)

API T p_addcmul(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); return give(at::addcmul(x, y, z, scalar(v)));) }
API int p_addcmul_(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); x->addcmul_(y, z, scalar(v)); return 1;) }
API T p_addcdiv(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); return give(at::addcdiv(x, y, z, scalar(v)));) }
API int p_addcdiv_(T a, T b, T c, PScalar v) { TRY(Ref x(a); Ref y(b); Ref z(c); x->addcdiv_(y, z, scalar(v)); return 1;) }
API T p_lerp(T a, T b, T w) { TRY(Ref x(a); Ref y(b); Ref z(w); return give(at::lerp(x, y, z));) }
API int p_lerp_(T a, T b, T w) { TRY(Ref x(a); Ref y(b); Ref z(w); x->lerp_(y, z); return 1;) }

/// has: bit 0 = lower bound given, bit 1 = upper bound given.
API T p_clamp(T t, PScalar low, PScalar high, int has) {
  TRY(Ref r(t); return give(at::clamp(r, has & 1 ? c10::optional<at::Scalar>(scalar(low)) : c10::nullopt, has & 2 ? c10::optional<at::Scalar>(scalar(high)) : c10::nullopt));)
}
API int p_clamp_(T t, PScalar low, PScalar high, int has) {
  TRY(Ref r(t); r->clamp_(has & 1 ? c10::optional<at::Scalar>(scalar(low)) : c10::nullopt, has & 2 ? c10::optional<at::Scalar>(scalar(high)) : c10::nullopt); return 1;)
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
API T p_prod(T t, int64_t dtype) { TRY(Ref r(t); return give(at::prod(r, type(dtype)));) }
API T p_amax(T t, const int64_t* dims, int64_t n, int keep) { TRY(Ref r(t); return give(at::amax(r, ints(dims, n), keep != 0));) }
API T p_amin(T t, const int64_t* dims, int64_t n, int keep) { TRY(Ref r(t); return give(at::amin(r, ints(dims, n), keep != 0));) }
UNARY(max)
UNARY(min)
UNARY(median)
UNARY(all)
UNARY(any)
API T p_all_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::all(r, dim, keep != 0));) }
API T p_any_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::any(r, dim, keep != 0));) }
API T p_argmax(T t) { TRY(Ref r(t); return give(at::argmax(r));) }
API T p_argmin(T t) { TRY(Ref r(t); return give(at::argmin(r));) }
API T p_argmax_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::argmax(r, dim, keep != 0));) }
API T p_argmin_dim(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::argmin(r, dim, keep != 0));) }
API T p_argsort(T t, int64_t dim, int descending) { TRY(Ref r(t); return give(at::argsort(r, dim, descending != 0));) }
API T p_cumsum(T t, int64_t dim, int64_t dtype) { TRY(Ref r(t); return give(at::cumsum(r, dim, type(dtype)));) }
API T p_logsumexp(T t, int64_t dim, int keep) { TRY(Ref r(t); return give(at::logsumexp(r, dim, keep != 0));) }
API T p_norm(T t, double p) { TRY(Ref r(t); return give(at::norm(r, p));) }
API T p_norm_dim(T t, int64_t dim, int keep, double p) { TRY(Ref r(t); return give(at::norm(r, p, dim, keep != 0));) }
API T p_bincount(T t, T weights, int64_t least) { TRY(Ref r(t); Ref w(weights); return give(at::bincount(r, w.optional(), least));) }
API int p_equal(T a, T b) { TRY(Ref x(a); Ref y(b); return at::equal(x, y) ? 2 : 1;) }
API int p_allclose(T a, T b, double rtol, double atol, int nan) { TRY(Ref x(a); Ref y(b); return at::allclose(x, y, rtol, atol, nan != 0) ? 2 : 1;) }

static int pair(std::tuple<at::Tensor, at::Tensor> result, T* first, T* second) {
  *first = give(std::move(std::get<0>(result)));
  *second = give(std::move(std::get<1>(result)));
  return 1;
}
API int p_topk(T t, int64_t k, int64_t dim, int largest, int sorted, T* values, T* indices) {
  TRY(Ref r(t); return pair(at::topk(r, k, dim, largest != 0, sorted != 0), values, indices);)
}
API int p_sort(T t, int64_t dim, int descending, int stable, T* values, T* indices) {
  TRY(Ref r(t); return pair(at::sort(r, c10::optional<bool>(stable != 0), dim, descending != 0), values, indices);)
}
API int p_max_dim(T t, int64_t dim, int keep, T* values, T* indices) { TRY(Ref r(t); return pair(at::max(r, dim, keep != 0), values, indices);) }
API int p_min_dim(T t, int64_t dim, int keep, T* values, T* indices) { TRY(Ref r(t); return pair(at::min(r, dim, keep != 0), values, indices);) }

// ---- matrices

BINARY(mm)
BINARY(mv)
BINARY(bmm)
BINARY(matmul)
BINARY(dot)
BINARY(outer)
API T p_addmm(T t, T a, T b, double beta, double alpha) { TRY(Ref r(t); Ref x(a); Ref y(b); return give(at::addmm(r, x, y, beta, alpha));) }
API int p_addmm_(T t, T a, T b, double beta, double alpha) { TRY(Ref r(t); Ref x(a); Ref y(b); r->addmm_(x, y, beta, alpha); return 1;) }
API T p_baddbmm(T t, T a, T b, double beta, double alpha) { TRY(Ref r(t); Ref x(a); Ref y(b); return give(at::baddbmm(r, x, y, beta, alpha));) }
API T p_einsum(const char* equation, const T* tensors, int64_t n) { TRY(return give(at::einsum(equation, list(tensors, n)));) }
API T p_cdist(T a, T b, double p) { TRY(Ref x(a); Ref y(b); return give(at::cdist(x, y, p));) }
API T p_tril(T t, int64_t diagonal) { TRY(Ref r(t); return give(at::tril(r, diagonal));) }
API T p_triu(T t, int64_t diagonal) { TRY(Ref r(t); return give(at::triu(r, diagonal));) }
API T p_diag(T t, int64_t diagonal) { TRY(Ref r(t); return give(at::diag(r, diagonal));) }
UNARY(trace)
API int p_eigh(T t, char triangle, T* values, T* vectors) {
  TRY(Ref r(t); return pair(at::linalg_eigh(r, c10::string_view(&triangle, 1)), values, vectors);)
}
API T p_eigvalsh(T t, char triangle) { TRY(Ref r(t); return give(at::linalg_eigvalsh(r, c10::string_view(&triangle, 1)));) }
API T p_eigvals(T t) { TRY(Ref r(t); return give(at::linalg_eigvals(r));) }
API int p_svd(T t, int full, T* u, T* s, T* vh) {
  TRY(Ref r(t); auto result = at::linalg_svd(r, full != 0); *u = give(std::get<0>(result)); *s = give(std::get<1>(result)); *vh = give(std::get<2>(result)); return 1;)
}
API int p_qr(T t, T* q, T* r) { TRY(Ref x(t); return pair(at::linalg_qr(x, "reduced"), q, r);) }
