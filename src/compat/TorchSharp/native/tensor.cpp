// Life of a tensor, its description, factories, views, indexing.
#include "abi.h"

#include <ATen/TensorIndexing.h>

using namespace paris;

namespace paris {
thread_local std::string error;
}

API const char* p_error() { return paris::error.c_str(); }

API const char* p_version() { return TORCH_VERSION; }

API int p_free(T t) {
  TRY(Pointer::reclaim(t); return 1;)
}

// ---- description: one call fills what a caller may ask

API int64_t p_dim(T t) { return t->dim(); }
API int64_t p_numel(T t) { return t->numel(); }
API int64_t p_dtype(T t) { TRY(return static_cast<int64_t>(Ref(t)->scalar_type());) }
API int64_t p_element_size(T t) { TRY(return Ref(t)->element_size();) }
API int p_sizes(T t, int64_t* out) {
  TRY(auto s = Ref(t)->sizes(); for (size_t i = 0; i < s.size(); ++i) out[i] = s[i]; return 1;)
}
API int p_strides(T t, int64_t* out) {
  TRY(auto s = Ref(t)->strides(); for (size_t i = 0; i < s.size(); ++i) out[i] = s[i]; return 1;)
}
API int p_is_contiguous(T t) { TRY(return Ref(t)->is_contiguous() ? 2 : 1;) }
API int p_requires_grad(T t) { TRY(return Ref(t)->requires_grad() ? 2 : 1;) }
API int p_set_requires_grad(T t, int on) { TRY(Ref r(t); r->requires_grad_(on != 0); return 1;) }
API void* p_data(T t) { TRY(Ref r(t); return r->data_ptr();) }
API int64_t p_device_type(T t) { TRY(return static_cast<int64_t>(Ref(t)->device().type());) }
API int64_t p_device_index(T t) { TRY(return Ref(t)->device().index();) }

// ---- factories

API T p_empty(const int64_t* sizes, int64_t n, int64_t dtype, int64_t kind, int64_t index) {
  TRY(return give(at::empty(ints(sizes, n), at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device(kind, index))));)
}
API T p_full(const int64_t* sizes, int64_t n, PScalar value, int64_t dtype, int64_t kind, int64_t index) {
  TRY(return give(at::full(ints(sizes, n), scalar(value), at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device(kind, index))));)
}
API T p_full_like(T t, PScalar value, int64_t dtype) {
  TRY(Ref r(t); return give(at::full_like(r, scalar(value), type(dtype), c10::nullopt, c10::nullopt, c10::nullopt, c10::nullopt));)
}
API T p_arange(PScalar start, PScalar end, PScalar step, int64_t dtype, int64_t kind, int64_t index) {
  TRY(return give(at::arange(scalar(start), scalar(end), scalar(step), at::TensorOptions().dtype(type(dtype)).device(device(kind, index))));)
}
API T p_linspace(double start, double end, int64_t steps, int64_t dtype, int64_t kind, int64_t index) {
  TRY(return give(at::linspace(start, end, steps, at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)).device(device(kind, index))));)
}
API int p_normal_(T t, double mean, double std) { TRY(Ref r(t); r->normal_(mean, std); return 1;) }
API int p_uniform_(T t, double from, double to) { TRY(Ref r(t); r->uniform_(from, to); return 1;) }

// ---- copies and conversions

API T p_alias(T t) { TRY(Ref r(t); return give(at::alias(r));) }
API T p_detach(T t) { TRY(Ref r(t); return give(r->detach());) }
API T p_clone(T t) { TRY(Ref r(t); return give(r->clone());) }
API T p_contiguous(T t) { TRY(Ref r(t); return give(r->contiguous());) }
API T p_to(T t, int64_t dtype, int64_t kind, int64_t index, int copy) {
  TRY(Ref r(t); auto options = r->options().dtype(type(dtype) ? *type(dtype) : r->scalar_type());
      if (kind >= 0) options = options.device(device(kind, index));
      return give(r->to(options.device(), options.dtype().toScalarType(), false, copy != 0));)
}
API int p_copy_(T t, T source) { TRY(Ref r(t); Ref s(source); r->copy_(s); return 1;) }
API int p_set_(T t, T source) { TRY(Ref r(t); Ref s(source); const_cast<at::Tensor&>(*r).set_(s); return 1;) }
API int p_item(T t, double* real, int64_t* integer) {
  TRY(Ref r(t); auto s = r->item(); *real = s.isBoolean() ? (s.toBool() ? 1 : 0) : s.toDouble();
      *integer = s.isFloatingPoint() ? 0 : (s.isBoolean() ? s.toBool() : s.toLong()); return 1;)
}

// ---- views

API T p_view(T t, const int64_t* sizes, int64_t n) { TRY(Ref r(t); return give(r->view(ints(sizes, n)));) }
API T p_reshape(T t, const int64_t* sizes, int64_t n) { TRY(Ref r(t); return give(r->reshape(ints(sizes, n)));) }
API T p_expand(T t, const int64_t* sizes, int64_t n) { TRY(Ref r(t); return give(r->expand(ints(sizes, n)));) }
API T p_permute(T t, const int64_t* dims, int64_t n) { TRY(Ref r(t); return give(r->permute(ints(dims, n)));) }
API T p_repeat(T t, const int64_t* sizes, int64_t n) { TRY(Ref r(t); return give(r->repeat(ints(sizes, n)));) }
API T p_flip(T t, const int64_t* dims, int64_t n) { TRY(Ref r(t); return give(r->flip(ints(dims, n)));) }
API T p_transpose(T t, int64_t a, int64_t b) { TRY(Ref r(t); return give(r->transpose(a, b));) }
API T p_t(T t) { TRY(Ref r(t); return give(r->t());) }
API T p_flatten(T t, int64_t start, int64_t end) { TRY(Ref r(t); return give(r->flatten(start, end));) }
API T p_unsqueeze(T t, int64_t dim) { TRY(Ref r(t); return give(r->unsqueeze(dim));) }
API T p_select(T t, int64_t dim, int64_t i) { TRY(Ref r(t); return give(r->select(dim, i));) }
API T p_narrow(T t, int64_t dim, int64_t start, int64_t length) { TRY(Ref r(t); return give(r->narrow(dim, start, length));) }
API T p_slice(T t, int64_t dim, int64_t start, int64_t end, int64_t step) { TRY(Ref r(t); return give(r->slice(dim, start, end, step));) }

static int64_t hand_out(std::vector<at::Tensor> parts, T* out, int64_t capacity) {
  TORCH_CHECK(static_cast<int64_t>(parts.size()) <= capacity, "more parts than expected");
  for (size_t i = 0; i < parts.size(); ++i) out[i] = give(std::move(parts[i]));
  return static_cast<int64_t>(parts.size());
}
API int64_t p_chunk(T t, int64_t chunks, int64_t dim, T* out) { TRY(Ref r(t); return hand_out(r->chunk(chunks, dim), out, chunks);) }
API int64_t p_split(T t, const int64_t* sizes, int64_t n, int64_t dim, T* out) {
  TRY(Ref r(t); return hand_out(r->split_with_sizes(ints(sizes, n), dim), out, n);)
}
API T p_cat(const T* tensors, int64_t n, int64_t dim) { TRY(return give(at::cat(list(tensors, n), dim));) }
API T p_stack(const T* tensors, int64_t n, int64_t dim) { TRY(return give(at::stack(list(tensors, n), dim));) }

// ---- indexing

API T p_index_select(T t, int64_t dim, T index) { TRY(Ref r(t); Ref i(index); return give(r->index_select(dim, i));) }
API int p_index_add_(T t, int64_t dim, T index, T source, PScalar alpha) {
  TRY(Ref r(t); Ref i(index); Ref s(source); r->index_add_(dim, i, s, scalar(alpha)); return 1;)
}
API T p_where(T condition, T x, T y) { TRY(Ref c(condition); Ref a(x); Ref b(y); return give(at::where(c, a, b));) }

/// kinds: 0 single (a), 1 slice (a, b, c; INT64_MIN = left out), 2 tensor, 3 ellipsis, 4 new axis, 5 boolean (a).
static std::vector<at::indexing::TensorIndex> indices(const int64_t* kinds, const int64_t* a, const int64_t* b, const int64_t* c, const T* tensors, int64_t n) {
  using namespace at::indexing;
  std::vector<TensorIndex> result;
  result.reserve(static_cast<size_t>(n));
  auto part = [](int64_t v) { return v == INT64_MIN ? c10::optional<int64_t>() : c10::optional<int64_t>(v); };
  for (int64_t i = 0; i < n; ++i) {
    switch (kinds[i]) {
      case 0: result.emplace_back(a[i]); break;
#if TORCH_VERSION_MAJOR >= 2
      case 1: {
        auto sym = [&](int64_t v) { return part(v) ? c10::optional<c10::SymInt>(v) : c10::optional<c10::SymInt>(); };
        result.emplace_back(Slice(sym(a[i]), sym(b[i]), sym(c[i])));
        break;
      }
#else
      case 1: result.emplace_back(Slice(part(a[i]), part(b[i]), part(c[i]))); break;
#endif
      case 2: result.emplace_back(share(tensors[i])); break;
      case 3: result.emplace_back(Ellipsis); break;
      case 4: result.emplace_back(None); break;
      default: result.emplace_back(a[i] != 0); break;
    }
  }
  return result;
}
API T p_index(T t, const int64_t* kinds, const int64_t* a, const int64_t* b, const int64_t* c, const T* tensors, int64_t n) {
  TRY(Ref r(t); return give(r->index(indices(kinds, a, b, c, tensors, n)));)
}
API int p_index_put_(T t, const int64_t* kinds, const int64_t* a, const int64_t* b, const int64_t* c, const T* tensors, int64_t n, T value) {
  TRY(auto r = share(t); Ref v(value); r.index_put_(indices(kinds, a, b, c, tensors, n), *v); return 1;)
}
