using Paris.Core;
using Paris.Core.Formats;
using Paris.Models.Inception;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Inception;

/// <summary>Structure only: there are no golden numbers of this network.</summary>
public sealed class InceptionV3Tests
{
    [Fact]
    public void It_has_the_convolutions_and_keys_of_the_published_file()
    {
        using var model = new InceptionV3();
        var keys = model.state_dict();

        Assert.Equal(94, keys.Keys.Count(key => key.EndsWith(".conv.weight", StringComparison.Ordinal)));
        Assert.Equal(94 * 5, keys.Count);
        Assert.Equal(21_785_568, model.parameters().Sum(p => p.numel())); // torchvision's, without fc and the auxiliary head
        Assert.Equal([32L, 3, 3, 3], keys["Conv2d_1a_3x3.conv.weight"].shape);
        Assert.Equal([64L, 48, 5, 5], keys["Mixed_5b.branch5x5_2.conv.weight"].shape);
        Assert.Equal([160L, 160, 7, 1], keys["Mixed_6c.branch7x7dbl_4.conv.weight"].shape);
        Assert.Equal([192L, 192, 3, 3], keys["Mixed_7a.branch7x7x3_4.conv.weight"].shape);
        Assert.Equal([192L], keys["Mixed_7c.branch_pool.bn.running_var"].shape);
    }

    [Fact]
    public void Any_size_leads_to_2048_features_and_nothing_is_left_behind()
    {
        using var noGradient = no_grad();
        using var model = new InceptionV3();
        WeightInitialization.Apply(model, 1, 0);
        using var images = full([1, 3, 64, 48], 0.25f);
        var before = Tensor.TotalCount;
        using var features = model.call(images);
        Assert.Equal(before + 1, Tensor.TotalCount);
        Assert.Equal([1L, InceptionV3.FeatureCount], features.shape);
        using var finite = features.isfinite();
        using var all = finite.all();
        Assert.True(all.item<bool>());
    }

    [Fact]
    public void Average_pooling_does_not_count_the_padding()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(0, (InceptionBlock.AveragePool(ones([1, 1, 4, 5])) - 1).abs().max().item<float>());
    }

    [Fact]
    public void The_last_block_pools_by_maximum_and_the_one_before_by_mean()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (maximum, expected) in new[] { (true, 1f), (false, 1f / 9) })
        {
            using var block = InceptionBlock.E(2, maximum);
            block.state_dict()["branch_pool.conv.weight"].fill_(1);
            var x = zeros(1, 2, 5, 5);
            x[0, 0][2, 2] = tensor(1f);
            var pooled = block.call(x).narrow(1, 320 + (4 * 384), 192); // behind the other branches
            Assert.Equal(expected, pooled[0, 0][1, 1].item<float>(), 1e-3);
            Assert.Equal(0, pooled[0, 0][0, 0].item<float>());
        }
    }

    [Fact]
    public void The_published_file_s_other_tensors_are_passed_over_and_wrong_ones_named()
    {
        var folder = Directory.CreateTempSubdirectory("paris-inception-").FullName;
        try
        {
            using var model = new InceptionV3();
            using var own = SafetensorsFile.FromBytes(WeightFile.Save(model));
            var path = Path.Combine(folder, "inception.safetensors");
            var tensors = own.Tensors.Select(t => TensorData.Of(t.Name, own.ToSingles(t.Name), [.. t.Shape])).ToList();
            Write([.. tensors, TensorData.Of("fc.weight", new float[8], 2L, 4), TensorData.Of("Conv2d_1a_3x3.bn.num_batches_tracked", new long[1], [])]);
            InceptionV3.Load(path).Dispose();

            Write([.. tensors.Where(t => t.Spec.Name != "Mixed_7c.branch1x1.bn.bias"), TensorData.Of("Mixed_9z.conv.weight", new float[1], 1L)]);
            var error = Assert.Throws<ParisInputException>(() => InceptionV3.Load(path)).Message;
            Assert.Contains("missing 'Mixed_7c.branch1x1.bn.bias'", error, StringComparison.Ordinal);
            Assert.Contains("unexpected 'Mixed_9z.conv.weight'", error, StringComparison.Ordinal);

            void Write(TensorData[] all) => File.WriteAllBytes(path, SafetensorsWriter.ToBytes([.. all]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
