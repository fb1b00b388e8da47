using System.Runtime.InteropServices;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Torch;

/// <summary>What the product relies on in the tensor library, whichever of the two is underneath.</summary>
public sealed class TensorLibraryTests
{
    [Fact]
    public void A_shape_error_is_an_exception_with_its_message()
    {
        using var scope = NewDisposeScope();
        var a = zeros(2, 3);
        var b = zeros(2, 3);

        var error = Assert.Throws<ExternalException>(() => a.mm(b));

        Assert.Contains("2x3", error.Message, StringComparison.Ordinal);
        Assert.Throws<ExternalException>(() => a.view(5));
        Assert.Throws<ExternalException>(() => nn.functional.linear(a, b.t()));
        Assert.Throws<ExternalException>(() => autograd.backward(a.sum()));
    }

    [Fact]
    public void A_scope_takes_every_tensor_made_in_it_back()
    {
        var before = Tensor.TotalCount;
        Tensor kept;
        using (NewDisposeScope())
        {
            var x = ones(4, 4);
            for (var i = 0; i < 10; i++)
            {
                x = (x * 2 + 1).mm(x).chunk(2, 0)[0].repeat(2, 1);
            }

            kept = x.MoveToOuterDisposeScope();
            Assert.Equal(4 * 4, kept.NumberOfElements);
        }

        Assert.False(kept.IsInvalid);
        Assert.Equal(before + 1, Tensor.TotalCount);
        kept.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Flat_buffers_share_their_memory_with_parameters_and_gradients_over_steps()
    {
        using var scope = NewDisposeScope();
        var flat = arange(6, float32);
        var gradients = zeros(6);
        var w = new Parameter(flat.narrow(0, 0, 4).view(2, 2));
        var b = new Parameter(flat.narrow(0, 4, 2));
        w.grad = gradients.narrow(0, 0, 4).view(2, 2);
        b.grad = gradients.narrow(0, 4, 2);
        for (var step = 1; step <= 3; step++)
        {
            nn.functional.linear(ones(1, 2), w, b).sum().backward();
            Assert.Equal([1f, 1, 1, 1, 1, 1], gradients.data<float>().ToArray());
            using (no_grad())
            {
                flat.add_(gradients, -1);
            }

            gradients.fill_(0);
            Assert.Equal(0f - step, w.data<float>()[0, 0]);
            Assert.Equal(5f - step, b.data<float>()[1]);
        }
    }

    [Fact]
    public void Gradients_are_off_inside_no_grad_and_on_again_behind_it()
    {
        using var scope = NewDisposeScope();
        var w = new Parameter(ones(2));
        using (no_grad())
        {
            Assert.False((w * 2).requires_grad);
        }

        Assert.True((w * 2).requires_grad);
    }

    [Fact]
    public void Indexing_reads_and_writes_as_in_Python()
    {
        using var scope = NewDisposeScope();
        var x = arange(24, float32).view(2, 3, 4);
        Assert.Equal([1, 3, 2], x[1.., .., TensorIndex.Slice(0, null, 2)].shape);
        Assert.Equal(23f, x[-1, TensorIndex.Ellipsis][2, 3].item<float>());
        x[0] = zeros(3, 4);
        Assert.Equal(0f, x[0].sum().item<float>());
        Assert.Equal([4f, 5], x[1][0].index_select(0, tensor(new long[] { 0, 1 })).sub(8).data<float>().ToArray());
    }
}
