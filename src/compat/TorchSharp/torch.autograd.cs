using TorchSharp.PInvoke;

namespace TorchSharp;

public static unsafe partial class torch
{
    public static IDisposable no_grad() => new AutoGradMode(false);

    public static class autograd
    {
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null)
        {
            if (inputs is not null)
            {
                throw new NotSupportedException("backward with inputs");
            }

            nint* roots = stackalloc nint[tensors.Count];
            nint* seeds = stackalloc nint[tensors.Count];
            for (var i = 0; i < tensors.Count; i++)
            {
                roots[i] = tensors[i].Handle;
                seeds[i] = grad_tensors is null ? 0 : grad_tensors[i].Handle;
            }

            var ok = Native.backward(roots, grad_tensors is null ? null : seeds, tensors.Count, (retain_graph ?? create_graph) ? 1 : 0, create_graph ? 1 : 0);
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            Check(ok);
        }

        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);

        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null, bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            nint* roots = stackalloc nint[outputs.Count];
            nint* seeds = stackalloc nint[outputs.Count];
            nint* leaves = stackalloc nint[inputs.Count];
            nint* results = stackalloc nint[inputs.Count];
            for (var i = 0; i < outputs.Count; i++)
            {
                roots[i] = outputs[i].Handle;
                seeds[i] = grad_outputs is null ? 0 : grad_outputs[i].Handle;
            }

            for (var i = 0; i < inputs.Count; i++)
            {
                leaves[i] = inputs[i].Handle;
            }

            var ok = Native.grad(roots, grad_outputs is null ? null : seeds, outputs.Count, leaves, inputs.Count, retain_graph ? 1 : 0, create_graph ? 1 : 0, allow_unused ? 1 : 0, results);
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            Check(ok);
            var gradients = new List<Tensor>(inputs.Count);
            for (var i = 0; i < inputs.Count; i++)
            {
                gradients.Add(results[i] == 0 ? null! : new Tensor(results[i]));
            }

            return gradients;
        }
    }

    private sealed class AutoGradMode : IDisposable
    {
        private readonly bool _before = Native.grad_enabled() != 0;

        internal AutoGradMode(bool enabled) => Native.set_grad_enabled(enabled ? 1 : 0);

        public void Dispose() => Native.set_grad_enabled(_before ? 1 : 0);
    }

    private sealed class InferenceMode : IDisposable
    {
        private nint _guard;

        internal InferenceMode(bool enabled) => _guard = Check(Native.inference_enter(enabled ? 1 : 0));

        public void Dispose()
        {
            if (_guard != 0)
            {
                Check(Native.inference_leave(_guard));
                _guard = 0;
            }
        }
    }
}
