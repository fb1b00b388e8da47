using System.Runtime.InteropServices;

namespace TorchSharp.PInvoke;

/// <summary>The functions of the native library (<c>native/*.cpp</c>), found once; null or 0 from any of them means an error.</summary>
internal static unsafe class Native
{
    private static readonly nint s_library = Load();

    // tensor.cpp
    internal static readonly delegate* unmanaged[SuppressGCTransition]<nint> error = (delegate* unmanaged[SuppressGCTransition]<nint>)Find("p_error");
    internal static readonly delegate* unmanaged[SuppressGCTransition]<nint> version = (delegate* unmanaged[SuppressGCTransition]<nint>)Find("p_version");
    internal static readonly delegate* unmanaged<nint, int> free = (delegate* unmanaged<nint, int>)Find("p_free");
    internal static readonly delegate* unmanaged[SuppressGCTransition]<nint, long> dim = (delegate* unmanaged[SuppressGCTransition]<nint, long>)Find("p_dim");
    internal static readonly delegate* unmanaged[SuppressGCTransition]<nint, long> numel = (delegate* unmanaged[SuppressGCTransition]<nint, long>)Find("p_numel");
    internal static readonly delegate* unmanaged<nint, long> dtype = (delegate* unmanaged<nint, long>)Find("p_dtype");
    internal static readonly delegate* unmanaged<nint, long> element_size = (delegate* unmanaged<nint, long>)Find("p_element_size");
    internal static readonly delegate* unmanaged<nint, long*, int> sizes = (delegate* unmanaged<nint, long*, int>)Find("p_sizes");
    internal static readonly delegate* unmanaged<nint, long*, int> strides = (delegate* unmanaged<nint, long*, int>)Find("p_strides");
    internal static readonly delegate* unmanaged<nint, int> is_contiguous = (delegate* unmanaged<nint, int>)Find("p_is_contiguous");
    internal static readonly delegate* unmanaged<nint, int> requires_grad = (delegate* unmanaged<nint, int>)Find("p_requires_grad");
    internal static readonly delegate* unmanaged<nint, int, int> set_requires_grad = (delegate* unmanaged<nint, int, int>)Find("p_set_requires_grad");
    internal static readonly delegate* unmanaged<nint, nint> data = (delegate* unmanaged<nint, nint>)Find("p_data");
    internal static readonly delegate* unmanaged<nint, long> device_type = (delegate* unmanaged<nint, long>)Find("p_device_type");
    internal static readonly delegate* unmanaged<nint, long> device_index = (delegate* unmanaged<nint, long>)Find("p_device_index");
    internal static readonly delegate* unmanaged<long*, long, long, long, long, nint> empty = (delegate* unmanaged<long*, long, long, long, long, nint>)Find("p_empty");
    internal static readonly delegate* unmanaged<long*, long, NativeScalar, long, long, long, nint> full = (delegate* unmanaged<long*, long, NativeScalar, long, long, long, nint>)Find("p_full");
    internal static readonly delegate* unmanaged<nint, NativeScalar, long, nint> full_like = (delegate* unmanaged<nint, NativeScalar, long, nint>)Find("p_full_like");
    internal static readonly delegate* unmanaged<NativeScalar, NativeScalar, NativeScalar, long, long, long, nint> arange = (delegate* unmanaged<NativeScalar, NativeScalar, NativeScalar, long, long, long, nint>)Find("p_arange");
    internal static readonly delegate* unmanaged<double, double, long, long, long, long, nint> linspace = (delegate* unmanaged<double, double, long, long, long, long, nint>)Find("p_linspace");
    internal static readonly delegate* unmanaged<nint, double, double, int> normal_ = (delegate* unmanaged<nint, double, double, int>)Find("p_normal_");
    internal static readonly delegate* unmanaged<nint, double, double, int> uniform_ = (delegate* unmanaged<nint, double, double, int>)Find("p_uniform_");
    internal static readonly delegate* unmanaged<nint, nint> alias = (delegate* unmanaged<nint, nint>)Find("p_alias");
    internal static readonly delegate* unmanaged<nint, nint> detach = (delegate* unmanaged<nint, nint>)Find("p_detach");
    internal static readonly delegate* unmanaged<nint, nint> clone = (delegate* unmanaged<nint, nint>)Find("p_clone");
    internal static readonly delegate* unmanaged<nint, nint> contiguous = (delegate* unmanaged<nint, nint>)Find("p_contiguous");
    internal static readonly delegate* unmanaged<nint, long, long, long, int, nint> to = (delegate* unmanaged<nint, long, long, long, int, nint>)Find("p_to");
    internal static readonly delegate* unmanaged<nint, nint, int> copy_ = (delegate* unmanaged<nint, nint, int>)Find("p_copy_");
    internal static readonly delegate* unmanaged<nint, nint, int> set_ = (delegate* unmanaged<nint, nint, int>)Find("p_set_");
    internal static readonly delegate* unmanaged<nint, double*, long*, int> item = (delegate* unmanaged<nint, double*, long*, int>)Find("p_item");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> view = (delegate* unmanaged<nint, long*, long, nint>)Find("p_view");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> reshape = (delegate* unmanaged<nint, long*, long, nint>)Find("p_reshape");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> expand = (delegate* unmanaged<nint, long*, long, nint>)Find("p_expand");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> permute = (delegate* unmanaged<nint, long*, long, nint>)Find("p_permute");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> repeat = (delegate* unmanaged<nint, long*, long, nint>)Find("p_repeat");
    internal static readonly delegate* unmanaged<nint, long*, long, nint> flip = (delegate* unmanaged<nint, long*, long, nint>)Find("p_flip");
    internal static readonly delegate* unmanaged<nint, long, long, nint> transpose = (delegate* unmanaged<nint, long, long, nint>)Find("p_transpose");
    internal static readonly delegate* unmanaged<nint, nint> t = (delegate* unmanaged<nint, nint>)Find("p_t");
    internal static readonly delegate* unmanaged<nint, long, long, nint> flatten = (delegate* unmanaged<nint, long, long, nint>)Find("p_flatten");
    internal static readonly delegate* unmanaged<nint, long, nint> unsqueeze = (delegate* unmanaged<nint, long, nint>)Find("p_unsqueeze");
    internal static readonly delegate* unmanaged<nint, long, long, nint> select = (delegate* unmanaged<nint, long, long, nint>)Find("p_select");
    internal static readonly delegate* unmanaged<nint, long, long, long, nint> narrow = (delegate* unmanaged<nint, long, long, long, nint>)Find("p_narrow");
    internal static readonly delegate* unmanaged<nint, long, long, long, long, nint> slice = (delegate* unmanaged<nint, long, long, long, long, nint>)Find("p_slice");
    internal static readonly delegate* unmanaged<nint, long, long, nint*, long> chunk = (delegate* unmanaged<nint, long, long, nint*, long>)Find("p_chunk");
    internal static readonly delegate* unmanaged<nint, long*, long, long, nint*, long> split = (delegate* unmanaged<nint, long*, long, long, nint*, long>)Find("p_split");
    internal static readonly delegate* unmanaged<nint*, long, long, nint> cat = (delegate* unmanaged<nint*, long, long, nint>)Find("p_cat");
    internal static readonly delegate* unmanaged<nint*, long, long, nint> stack = (delegate* unmanaged<nint*, long, long, nint>)Find("p_stack");
    internal static readonly delegate* unmanaged<nint, long, nint, nint> index_select = (delegate* unmanaged<nint, long, nint, nint>)Find("p_index_select");
    internal static readonly delegate* unmanaged<nint, long, nint, nint, NativeScalar, int> index_add_ = (delegate* unmanaged<nint, long, nint, nint, NativeScalar, int>)Find("p_index_add_");
    internal static readonly delegate* unmanaged<nint, nint, nint, nint> where = (delegate* unmanaged<nint, nint, nint, nint>)Find("p_where");
    internal static readonly delegate* unmanaged<nint, long*, long*, long*, long*, nint*, long, nint> index = (delegate* unmanaged<nint, long*, long*, long*, long*, nint*, long, nint>)Find("p_index");
    internal static readonly delegate* unmanaged<nint, long*, long*, long*, long*, nint*, long, nint, int> index_put_ = (delegate* unmanaged<nint, long*, long*, long*, long*, nint*, long, nint, int>)Find("p_index_put_");

    // math.cpp
    internal static readonly delegate* unmanaged<nint, nint> abs = (delegate* unmanaged<nint, nint>)Find("p_abs");
    internal static readonly delegate* unmanaged<nint, nint> cos = (delegate* unmanaged<nint, nint>)Find("p_cos");
    internal static readonly delegate* unmanaged<nint, nint> exp = (delegate* unmanaged<nint, nint>)Find("p_exp");
    internal static readonly delegate* unmanaged<nint, nint> floor = (delegate* unmanaged<nint, nint>)Find("p_floor");
    internal static readonly delegate* unmanaged<nint, nint> log = (delegate* unmanaged<nint, nint>)Find("p_log");
    internal static readonly delegate* unmanaged<nint, nint> neg = (delegate* unmanaged<nint, nint>)Find("p_neg");
    internal static readonly delegate* unmanaged<nint, nint> reciprocal = (delegate* unmanaged<nint, nint>)Find("p_reciprocal");
    internal static readonly delegate* unmanaged<nint, nint> relu = (delegate* unmanaged<nint, nint>)Find("p_relu");
    internal static readonly delegate* unmanaged<nint, int> relu_ = (delegate* unmanaged<nint, int>)Find("p_relu_");
    internal static readonly delegate* unmanaged<nint, nint> round = (delegate* unmanaged<nint, nint>)Find("p_round");
    internal static readonly delegate* unmanaged<nint, nint> sigmoid = (delegate* unmanaged<nint, nint>)Find("p_sigmoid");
    internal static readonly delegate* unmanaged<nint, int> sigmoid_ = (delegate* unmanaged<nint, int>)Find("p_sigmoid_");
    internal static readonly delegate* unmanaged<nint, nint> sign = (delegate* unmanaged<nint, nint>)Find("p_sign");
    internal static readonly delegate* unmanaged<nint, nint> sin = (delegate* unmanaged<nint, nint>)Find("p_sin");
    internal static readonly delegate* unmanaged<nint, nint> sqrt = (delegate* unmanaged<nint, nint>)Find("p_sqrt");
    internal static readonly delegate* unmanaged<nint, nint> square = (delegate* unmanaged<nint, nint>)Find("p_square");
    internal static readonly delegate* unmanaged<nint, nint> tanh = (delegate* unmanaged<nint, nint>)Find("p_tanh");
    internal static readonly delegate* unmanaged<nint, int> tanh_ = (delegate* unmanaged<nint, int>)Find("p_tanh_");
    internal static readonly delegate* unmanaged<nint, nint> trunc = (delegate* unmanaged<nint, nint>)Find("p_trunc");
    internal static readonly delegate* unmanaged<nint, nint> isfinite = (delegate* unmanaged<nint, nint>)Find("p_isfinite");
    internal static readonly delegate* unmanaged<nint, NativeScalar, int> fill_ = (delegate* unmanaged<nint, NativeScalar, int>)Find("p_fill_");
    internal static readonly delegate* unmanaged<nint, nint, nint> lt = (delegate* unmanaged<nint, nint, nint>)Find("p_lt");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> lt_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_lt_scalar");
    internal static readonly delegate* unmanaged<nint, nint, nint> le = (delegate* unmanaged<nint, nint, nint>)Find("p_le");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> le_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_le_scalar");
    internal static readonly delegate* unmanaged<nint, nint, nint> gt = (delegate* unmanaged<nint, nint, nint>)Find("p_gt");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> gt_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_gt_scalar");
    internal static readonly delegate* unmanaged<nint, nint, nint> ge = (delegate* unmanaged<nint, nint, nint>)Find("p_ge");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> ge_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_ge_scalar");
    internal static readonly delegate* unmanaged<nint, nint, nint> maximum = (delegate* unmanaged<nint, nint, nint>)Find("p_maximum");
    internal static readonly delegate* unmanaged<nint, nint, nint> minimum = (delegate* unmanaged<nint, nint, nint>)Find("p_minimum");
    internal static readonly delegate* unmanaged<nint, nint, nint> mul = (delegate* unmanaged<nint, nint, nint>)Find("p_mul");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> mul_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_mul_scalar");
    internal static readonly delegate* unmanaged<nint, nint, int> mul_ = (delegate* unmanaged<nint, nint, int>)Find("p_mul_");
    internal static readonly delegate* unmanaged<nint, NativeScalar, int> mul_scalar_ = (delegate* unmanaged<nint, NativeScalar, int>)Find("p_mul_scalar_");
    internal static readonly delegate* unmanaged<nint, nint, nint> div = (delegate* unmanaged<nint, nint, nint>)Find("p_div");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> div_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_div_scalar");
    internal static readonly delegate* unmanaged<nint, nint, int> div_ = (delegate* unmanaged<nint, nint, int>)Find("p_div_");
    internal static readonly delegate* unmanaged<nint, NativeScalar, int> div_scalar_ = (delegate* unmanaged<nint, NativeScalar, int>)Find("p_div_scalar_");
    internal static readonly delegate* unmanaged<nint, nint, nint> pow = (delegate* unmanaged<nint, nint, nint>)Find("p_pow");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> pow_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_pow_scalar");
    internal static readonly delegate* unmanaged<nint, nint, nint> remainder = (delegate* unmanaged<nint, nint, nint>)Find("p_remainder");
    internal static readonly delegate* unmanaged<nint, NativeScalar, nint> remainder_scalar = (delegate* unmanaged<nint, NativeScalar, nint>)Find("p_remainder_scalar");
    internal static readonly delegate* unmanaged<nint, nint, NativeScalar, nint> add = (delegate* unmanaged<nint, nint, NativeScalar, nint>)Find("p_add");
    internal static readonly delegate* unmanaged<nint, NativeScalar, NativeScalar, nint> add_scalar = (delegate* unmanaged<nint, NativeScalar, NativeScalar, nint>)Find("p_add_scalar");
    internal static readonly delegate* unmanaged<nint, nint, NativeScalar, int> add_ = (delegate* unmanaged<nint, nint, NativeScalar, int>)Find("p_add_");
    internal static readonly delegate* unmanaged<nint, NativeScalar, NativeScalar, int> add_scalar_ = (delegate* unmanaged<nint, NativeScalar, NativeScalar, int>)Find("p_add_scalar_");
    internal static readonly delegate* unmanaged<nint, nint, NativeScalar, nint> sub = (delegate* unmanaged<nint, nint, NativeScalar, nint>)Find("p_sub");
    internal static readonly delegate* unmanaged<nint, NativeScalar, NativeScalar, nint> sub_scalar = (delegate* unmanaged<nint, NativeScalar, NativeScalar, nint>)Find("p_sub_scalar");
    internal static readonly delegate* unmanaged<nint, nint, NativeScalar, int> sub_ = (delegate* unmanaged<nint, nint, NativeScalar, int>)Find("p_sub_");
    internal static readonly delegate* unmanaged<nint, NativeScalar, NativeScalar, int> sub_scalar_ = (delegate* unmanaged<nint, NativeScalar, NativeScalar, int>)Find("p_sub_scalar_");
    internal static readonly delegate* unmanaged<nint, nint, nint, NativeScalar, nint> addcmul = (delegate* unmanaged<nint, nint, nint, NativeScalar, nint>)Find("p_addcmul");
    internal static readonly delegate* unmanaged<nint, nint, nint, NativeScalar, int> addcmul_ = (delegate* unmanaged<nint, nint, nint, NativeScalar, int>)Find("p_addcmul_");
    internal static readonly delegate* unmanaged<nint, nint, nint, NativeScalar, int> addcdiv_ = (delegate* unmanaged<nint, nint, nint, NativeScalar, int>)Find("p_addcdiv_");
    internal static readonly delegate* unmanaged<nint, NativeScalar, NativeScalar, int, nint> clamp = (delegate* unmanaged<nint, NativeScalar, NativeScalar, int, nint>)Find("p_clamp");
    internal static readonly delegate* unmanaged<nint, long, nint> sum = (delegate* unmanaged<nint, long, nint>)Find("p_sum");
    internal static readonly delegate* unmanaged<nint, long*, long, int, long, nint> sum_dim = (delegate* unmanaged<nint, long*, long, int, long, nint>)Find("p_sum_dim");
    internal static readonly delegate* unmanaged<nint, long, nint> mean = (delegate* unmanaged<nint, long, nint>)Find("p_mean");
    internal static readonly delegate* unmanaged<nint, long*, long, int, long, nint> mean_dim = (delegate* unmanaged<nint, long*, long, int, long, nint>)Find("p_mean_dim");
    internal static readonly delegate* unmanaged<nint, int, nint> var = (delegate* unmanaged<nint, int, nint>)Find("p_var");
    internal static readonly delegate* unmanaged<nint, long*, long, int, int, nint> var_dim = (delegate* unmanaged<nint, long*, long, int, int, nint>)Find("p_var_dim");
    internal static readonly delegate* unmanaged<nint, int, nint> std = (delegate* unmanaged<nint, int, nint>)Find("p_std");
    internal static readonly delegate* unmanaged<nint, long*, long, int, int, nint> std_dim = (delegate* unmanaged<nint, long*, long, int, int, nint>)Find("p_std_dim");
    internal static readonly delegate* unmanaged<nint, nint> max = (delegate* unmanaged<nint, nint>)Find("p_max");
    internal static readonly delegate* unmanaged<nint, nint> min = (delegate* unmanaged<nint, nint>)Find("p_min");
    internal static readonly delegate* unmanaged<nint, nint> median = (delegate* unmanaged<nint, nint>)Find("p_median");
    internal static readonly delegate* unmanaged<nint, nint> all = (delegate* unmanaged<nint, nint>)Find("p_all");
    internal static readonly delegate* unmanaged<nint, nint> any = (delegate* unmanaged<nint, nint>)Find("p_any");
    internal static readonly delegate* unmanaged<nint, long, int, nint> all_dim = (delegate* unmanaged<nint, long, int, nint>)Find("p_all_dim");
    internal static readonly delegate* unmanaged<nint, long, int, nint> any_dim = (delegate* unmanaged<nint, long, int, nint>)Find("p_any_dim");
    internal static readonly delegate* unmanaged<nint, nint> argmax = (delegate* unmanaged<nint, nint>)Find("p_argmax");
    internal static readonly delegate* unmanaged<nint, long, int, nint> argmax_dim = (delegate* unmanaged<nint, long, int, nint>)Find("p_argmax_dim");
    internal static readonly delegate* unmanaged<nint, double, nint> norm = (delegate* unmanaged<nint, double, nint>)Find("p_norm");
    internal static readonly delegate* unmanaged<nint, long, int, double, nint> norm_dim = (delegate* unmanaged<nint, long, int, double, nint>)Find("p_norm_dim");
    internal static readonly delegate* unmanaged<nint, long, int, nint*, nint*, int> max_dim = (delegate* unmanaged<nint, long, int, nint*, nint*, int>)Find("p_max_dim");
    internal static readonly delegate* unmanaged<nint, long, int, nint*, nint*, int> min_dim = (delegate* unmanaged<nint, long, int, nint*, nint*, int>)Find("p_min_dim");
    internal static readonly delegate* unmanaged<nint, nint, nint> mm = (delegate* unmanaged<nint, nint, nint>)Find("p_mm");
    internal static readonly delegate* unmanaged<nint, nint, nint> matmul = (delegate* unmanaged<nint, nint, nint>)Find("p_matmul");
    internal static readonly delegate* unmanaged<nint, nint, nint> dot = (delegate* unmanaged<nint, nint, nint>)Find("p_dot");
    internal static readonly delegate* unmanaged<nint, nint, nint> outer = (delegate* unmanaged<nint, nint, nint>)Find("p_outer");
    internal static readonly delegate* unmanaged<nint, nint> trace = (delegate* unmanaged<nint, nint>)Find("p_trace");
    internal static readonly delegate* unmanaged<nint, byte, nint*, nint*, int> eigh = (delegate* unmanaged<nint, byte, nint*, nint*, int>)Find("p_eigh");

    // nn.cpp
    internal static readonly delegate* unmanaged<nint, nint> silu = (delegate* unmanaged<nint, nint>)Find("p_silu");
    internal static readonly delegate* unmanaged<nint, int> silu_ = (delegate* unmanaged<nint, int>)Find("p_silu_");
    internal static readonly delegate* unmanaged<nint, nint> gelu = (delegate* unmanaged<nint, nint>)Find("p_gelu");
    internal static readonly delegate* unmanaged<nint, long, long, nint> softmax = (delegate* unmanaged<nint, long, long, nint>)Find("p_softmax");
    internal static readonly delegate* unmanaged<nint, nint, nint, nint> linear = (delegate* unmanaged<nint, nint, nint, nint>)Find("p_linear");
    internal static readonly delegate* unmanaged<nint, long*, long, nint, nint, double, nint> layer_norm = (delegate* unmanaged<nint, long*, long, nint, nint, double, nint>)Find("p_layer_norm");
    internal static readonly delegate* unmanaged<nint, long, nint, nint, double, nint> group_norm = (delegate* unmanaged<nint, long, nint, nint, double, nint>)Find("p_group_norm");
    internal static readonly delegate* unmanaged<nint, nint, nint, nint, nint, int, double, double, nint> batch_norm = (delegate* unmanaged<nint, nint, nint, nint, nint, int, double, double, nint>)Find("p_batch_norm");
    internal static readonly delegate* unmanaged<nint, long*, long*, long*, long*, int, nint> max_pool2d = (delegate* unmanaged<nint, long*, long*, long*, long*, int, nint>)Find("p_max_pool2d");
    internal static readonly delegate* unmanaged<nint, long*, long*, long*, int, int, long, nint> avg_pool2d = (delegate* unmanaged<nint, long*, long*, long*, int, int, long, nint>)Find("p_avg_pool2d");
    internal static readonly delegate* unmanaged<nint, nint, nint, long*, long*, long*, long, nint> conv2d = (delegate* unmanaged<nint, nint, nint, long*, long*, long*, long, nint>)Find("p_conv2d");
    internal static readonly delegate* unmanaged<nint, nint, nint, long*, long*, long*, long*, long, nint> conv_transpose2d = (delegate* unmanaged<nint, nint, nint, long*, long*, long*, long*, long, nint>)Find("p_conv_transpose2d");
    internal static readonly delegate* unmanaged<nint, nint, nint, nint, double, int, nint> sdpa = (delegate* unmanaged<nint, nint, nint, nint, double, int, nint>)Find("p_sdpa");
    internal static readonly delegate* unmanaged<nint, double, int, nint> dropout = (delegate* unmanaged<nint, double, int, nint>)Find("p_dropout");
    internal static readonly delegate* unmanaged<nint, nint, long, nint> mse_loss = (delegate* unmanaged<nint, nint, long, nint>)Find("p_mse_loss");
    internal static readonly delegate* unmanaged<nint, nint, long, nint> l1_loss = (delegate* unmanaged<nint, nint, long, nint>)Find("p_l1_loss");
    internal static readonly delegate* unmanaged<nint, nint, nint, long, long, double, nint> cross_entropy = (delegate* unmanaged<nint, nint, nint, long, long, double, nint>)Find("p_cross_entropy");
    internal static readonly delegate* unmanaged<nint*, nint*, long, int, int, int> backward = (delegate* unmanaged<nint*, nint*, long, int, int, int>)Find("p_backward");
    internal static readonly delegate* unmanaged<nint*, nint*, long, nint*, long, int, int, int, nint*, int> grad = (delegate* unmanaged<nint*, nint*, long, nint*, long, int, int, int, nint*, int>)Find("p_grad");
    internal static readonly delegate* unmanaged<nint, int*, nint> get_grad = (delegate* unmanaged<nint, int*, nint>)Find("p_get_grad");
    internal static readonly delegate* unmanaged<nint, nint, int> set_grad = (delegate* unmanaged<nint, nint, int>)Find("p_set_grad");
    internal static readonly delegate* unmanaged[SuppressGCTransition]<int> grad_enabled = (delegate* unmanaged[SuppressGCTransition]<int>)Find("p_grad_enabled");
    internal static readonly delegate* unmanaged[SuppressGCTransition]<int, void> set_grad_enabled = (delegate* unmanaged[SuppressGCTransition]<int, void>)Find("p_set_grad_enabled");
    internal static readonly delegate* unmanaged<int, nint> inference_enter = (delegate* unmanaged<int, nint>)Find("p_inference_enter");
    internal static readonly delegate* unmanaged<nint, int> inference_leave = (delegate* unmanaged<nint, int>)Find("p_inference_leave");
    internal static readonly delegate* unmanaged<int> get_num_threads = (delegate* unmanaged<int>)Find("p_get_num_threads");
    internal static readonly delegate* unmanaged<int, int> set_num_threads = (delegate* unmanaged<int, int>)Find("p_set_num_threads");

    /// <summary>The message of the last failure on this thread, as TorchSharp throws it.</summary>
    internal static ExternalException Failure() => new(Marshal.PtrToStringUTF8(error()));

    private static nint Find(string name) => NativeLibrary.GetExport(s_library, name);

    private static nint Load()
    {
        const string File = "libparistorch.so";
        foreach (var folder in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(Native).Assembly.Location) ?? "" })
        {
            var path = Path.Combine(folder, File);
            if (System.IO.File.Exists(path))
            {
                return NativeLibrary.Load(path);
            }
        }

        return NativeLibrary.Load(File, typeof(Native).Assembly, null);
    }
}
