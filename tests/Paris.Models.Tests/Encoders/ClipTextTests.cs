using Paris.Core;
using Paris.Models.Encoders;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Encoders;

public sealed class ClipTextTests
{
    private static readonly ClipTextShape _small = new(32, 2, 4, Vocabulary: 50, Context: 12, MlpHidden: 64, Projection: 8, EndToken: 49);

    [Fact]
    public void The_size_of_the_released_text_encoder_is_reproduced()
    {
        var (one, two) = (Count(1), Count(2));
        Assert.Equal(123_060_480, one + (11 * (two - one))); // openai/clip-vit-large-patch14, text model

        static long Count(int layers)
        {
            using var model = new ClipText(ClipTextShape.Large with { Layers = layers });
            return model.parameters().Sum(p => p.numel());
        }
    }

    [Fact]
    public void A_token_sees_nothing_that_comes_after_it()
    {
        using var scope = NewDisposeScope();
        using var model = Random();
        var (first, second) = (Ids(48, 1, 2, 3, 49), Ids(48, 1, 2, 4, 49));
        var difference = (model.call(first) - model.call(second)).abs();
        Assert.Equal(0, difference.narrow(1, 0, 3).max().item<float>());
        Assert.True(difference.select(1, 3).max().item<float>() > 1e-4);
    }

    [Fact]
    public void The_pooled_row_is_that_of_the_first_end_token()
    {
        using var scope = NewDisposeScope();
        using var model = Random();
        var ids = Ids(48, 7, 49, 49, 49);
        var hidden = model.call(ids);
        var pooled = model.Pooled(hidden, ids);
        Assert.Equal(hidden[0, 2].data<float>().ToArray(), pooled[0].data<float>().ToArray());
        Assert.Equal([1L, 8], model.Projected(pooled).shape);
    }

    [Fact]
    public void Wrong_ids_are_told_in_words()
    {
        using var scope = NewDisposeScope();
        using var model = Random();
        Fails("outside 0 … 49", () => model.call(Ids(48, 50, 49)));
        Fails("[batch, 1 … 12]", () => model.call(zeros(1, 13, ScalarType.Int64)));
        Fails("Int64", () => model.call(zeros(1, 3)));
        Fails("no end token 49", () => model.Pooled(zeros(1, 2, 32), Ids(48, 3)));

        static void Fails(string part, Func<Tensor> action) =>
            Assert.Contains(part, Assert.Throws<ParisInputException>(action).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_forward_pass_leaves_its_result_and_nothing_else()
    {
        using var model = Random();
        using var ids = Ids(48, 1, 49);
        model.call(ids).Dispose();
        var before = LiveTensors.Count;
        using var hidden = model.call(ids);
        using var pooled = model.Pooled(hidden, ids);
        Assert.Equal(before + 2, LiveTensors.Count);
    }

    private static Tensor Ids(params long[] ids) => tensor(ids, [1, ids.Length]);

    private static ClipText Random()
    {
        var model = new ClipText(_small);
        WeightInitialization.Apply(model, 1, 0);
        return model;
    }
}
