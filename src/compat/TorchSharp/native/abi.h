// Rules of the flat C ABI.
// A tensor is a TensorImpl*; a function that returns one gives the caller a reference that p_free takes back.
// Every function catches everything: null (or 0, where an int is returned) means failure, p_error has the message.
#pragma once

#include <ATen/ATen.h>
#include <torch/version.h>

#include <cstdint>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

typedef c10::TensorImpl* T;

/// A number as TorchSharp passes it: kind 0 = integer, 1 = floating point, 2 = boolean.
struct PScalar {
  int64_t bits;
  int64_t kind;
};

namespace paris {

extern thread_local std::string error;

inline void report(const c10::Error& e) { error = e.what_without_backtrace(); }

typedef c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> Pointer;

/// A tensor the caller owns, used without touching its reference count. Null is the undefined tensor.
class Ref {
 public:
  explicit Ref(T t) : tensor_(t ? at::Tensor(Pointer::reclaim(t)) : at::Tensor()) {}
  ~Ref() {
    if (tensor_.defined()) tensor_.unsafeReleaseTensorImpl();
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  operator const at::Tensor&() const { return tensor_; }
  const at::Tensor* operator->() const { return &tensor_; }
  const at::Tensor& operator*() const { return tensor_; }
  c10::optional<at::Tensor> optional() const { return tensor_.defined() ? c10::optional<at::Tensor>(tensor_) : c10::nullopt; }

 private:
  at::Tensor tensor_;
};

inline T give(at::Tensor t) { return t.unsafeReleaseTensorImpl(); }

inline at::Tensor share(T t) { return t ? at::Tensor(Pointer::reclaim_copy(t)) : at::Tensor(); }

inline at::Scalar scalar(PScalar s) {
  if (s.kind == 1) {
    double value;
    __builtin_memcpy(&value, &s.bits, sizeof value);
    return at::Scalar(value);
  }
  return s.kind == 2 ? at::Scalar(s.bits != 0) : at::Scalar(s.bits);
}

inline at::IntArrayRef ints(const int64_t* values, int64_t count) { return at::IntArrayRef(values, static_cast<size_t>(count)); }

inline std::vector<at::Tensor> list(const T* values, int64_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) tensors.push_back(share(values[i]));
  return tensors;
}

/// -1 is "as the input" (no type given).
inline c10::optional<at::ScalarType> type(int64_t code) {
  return code < 0 ? c10::nullopt : c10::optional<at::ScalarType>(static_cast<at::ScalarType>(code));
}

inline at::Device device(int64_t kind, int64_t index) {
  return at::Device(static_cast<at::DeviceType>(kind), static_cast<at::DeviceIndex>(index));
}

}  // namespace paris

#define TRY(...)                                                      \
  try {                                                               \
    __VA_ARGS__                                                       \
  } catch (const c10::Error& e) {                                     \
    paris::report(e);                                                 \
    return 0;                                                         \
  } catch (const std::exception& e) {                                 \
    paris::error = e.what();                                          \
    return 0;                                                         \
  } catch (...) {                                                     \
    paris::error = "an exception of unknown type in the native code"; \
    return 0;                                                         \
  }
