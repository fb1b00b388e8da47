// Layers as functions, losses, autograd, threads.
#include "abi.h"

#include <ATen/Parallel.h>
#include <c10/core/AutogradState.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

using namespace paris;

#define UNARY_INPLACE(name)                                          \
  API T p_##name(T t) { TRY(Ref r(t); return give(at::name(r));) }   \
  API int p_##name##_(T t) { TRY(Ref r(t); at::name##_(const_cast<at::Tensor&>(*r)); return 1;) }

UNARY_INPLACE(silu)
API T p_gelu(T t) { TRY(Ref r(t); return give(at::gelu(r));) }

API T p_softmax(T t, int64_t dim, int64_t dtype) { TRY(Ref r(t); return give(at::softmax(r, dim, type(dtype)));) }

API T p_linear(T x, T w, T b) { TRY(Ref i(x); Ref weight(w); Ref bias(b); return give(at::linear(i, weight, bias.optional()));) }

API T p_layer_norm(T x, const int64_t* shape, int64_t n, T w, T b, double eps) {
  TRY(Ref i(x); Ref weight(w); Ref bias(b); return give(at::layer_norm(i, ints(shape, n), weight.optional(), bias.optional(), eps));)
}

API T p_group_norm(T x, int64_t groups, T w, T b, double eps) {
  TRY(Ref i(x); Ref weight(w); Ref bias(b); return give(at::group_norm(i, groups, weight.optional(), bias.optional(), eps, false));)
}
API T p_batch_norm(T x, T mean, T var, T w, T b, int training, double momentum, double eps) {
  TRY(Ref i(x); Ref m(mean); Ref v(var); Ref weight(w); Ref bias(b);
      return give(at::batch_norm(i, weight.optional(), bias.optional(), m.optional(), v.optional(), training != 0, momentum, eps, false));)
}

/// Two numbers each: kernel, stride, padding (and dilation).
API T p_max_pool2d(T t, const int64_t* kernel, const int64_t* stride, const int64_t* padding, const int64_t* dilation, int ceil) {
  TRY(Ref r(t); return give(at::max_pool2d(r, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ints(dilation, 2), ceil != 0));)
}
/// divisor 0: the number of cells.
API T p_avg_pool2d(T t, const int64_t* kernel, const int64_t* stride, const int64_t* padding, int ceil, int count_pad, int64_t divisor) {
  TRY(Ref r(t); return give(at::avg_pool2d(r, ints(kernel, 2), ints(stride, 2), ints(padding, 2), ceil != 0, count_pad != 0,
                                           divisor == 0 ? c10::optional<int64_t>() : c10::optional<int64_t>(divisor)));)
}

/// Two numbers each: stride, padding, dilation (and output padding).
API T p_conv2d(T x, T w, T b, const int64_t* stride, const int64_t* padding, const int64_t* dilation, int64_t groups) {
  TRY(Ref i(x); Ref weight(w); Ref bias(b); return give(at::conv2d(i, weight, bias.optional(), ints(stride, 2), ints(padding, 2), ints(dilation, 2), groups));)
}
API T p_conv_transpose2d(T x, T w, T b, const int64_t* stride, const int64_t* padding, const int64_t* output_padding, const int64_t* dilation, int64_t groups) {
  TRY(Ref i(x); Ref weight(w); Ref bias(b);
      return give(at::conv_transpose2d(i, weight, bias.optional(), ints(stride, 2), ints(padding, 2), ints(output_padding, 2), groups, ints(dilation, 2)));)
}

API T p_sdpa(T q, T k, T v, T mask, double p, int causal) {
  TRY(Ref query(q); Ref key(k); Ref value(v); Ref m(mask);
#if TORCH_VERSION_MAJOR >= 2
      return give(at::scaled_dot_product_attention(query, key, value, m.optional(), p, causal != 0));
#else
      return give(std::get<0>(at::_scaled_dot_product_attention(query, key, value, m.optional(), p, false, causal != 0)));
#endif
  )
}

API T p_dropout(T t, double p, int train) { TRY(Ref r(t); return give(at::dropout(r, p, train != 0));) }

API T p_mse_loss(T a, T b, int64_t reduction) { TRY(Ref x(a); Ref y(b); return give(at::mse_loss(x, y, reduction));) }
API T p_l1_loss(T a, T b, int64_t reduction) { TRY(Ref x(a); Ref y(b); return give(at::l1_loss(x, y, reduction));) }
API T p_cross_entropy(T x, T y, T w, int64_t ignore, int64_t reduction, double smoothing) {
  TRY(Ref i(x); Ref t(y); Ref weight(w); return give(at::cross_entropy_loss(i, t, weight.optional(), reduction, ignore, smoothing));)
}

// ---- autograd

API int p_backward(const T* tensors, const T* gradients, int64_t n, int retain, int create) {
  TRY(std::vector<at::Tensor> roots = list(tensors, n);
      std::vector<at::Tensor> seeds = gradients ? list(gradients, n) : std::vector<at::Tensor>();
      torch::autograd::backward(roots, seeds, c10::optional<bool>(retain != 0), create != 0); return 1;)
}
/// Null entries: inputs that do not take part (allow_unused).
API int p_grad(const T* outputs, const T* gradients, int64_t n, const T* inputs, int64_t m, int retain, int create, int unused, T* out) {
  TRY(auto result = torch::autograd::grad(list(outputs, n), list(inputs, m), gradients ? list(gradients, n) : std::vector<at::Tensor>(),
                                          c10::optional<bool>(retain != 0), create != 0, unused != 0);
      for (size_t i = 0; i < result.size(); ++i) out[i] = result[i].defined() ? give(std::move(result[i])) : nullptr; return 1;)
}
/// Null with *ok = 1: there is no gradient.
API T p_get_grad(T t, int* ok) {
  TRY(*ok = 0; Ref r(t); auto g = r->grad(); *ok = 1; return g.defined() ? give(g) : nullptr;)
}
API int p_set_grad(T t, T gradient) { TRY(Ref r(t); const_cast<at::Tensor&>(*r).mutable_grad() = share(gradient); return 1;) }

API int p_grad_enabled() { return c10::AutogradState::get_tls_state().get_grad_mode() ? 1 : 0; }
API void p_set_grad_enabled(int on) { c10::AutogradState::get_tls_state().set_grad_mode(on != 0); }
API void* p_inference_enter(int on) { TRY(return new c10::InferenceMode(on != 0);) }
API int p_inference_leave(void* guard) { TRY(delete static_cast<c10::InferenceMode*>(guard); return 1;) }

// ---- threads and devices

API int p_get_num_threads() { TRY(return at::get_num_threads();) }
API int p_set_num_threads(int n) { TRY(at::set_num_threads(n); return 1;) }
