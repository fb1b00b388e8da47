using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Interop;

/// <summary>What an ImageNet DiT leaves in the store, and what is refused. That its blocks stay equal: <c>InitialWeightsTests</c>.</summary>
public sealed class DiTImportTests : IDisposable
{
    private readonly MemoryBlobStore _store = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-dit-").FullName;

    [Fact]
    public async Task TensorsAreKeptAndTheRestStartsFresh()
    {
        var path = Write(Tensors());
        var init = await new DiTImport(_store, "dit").RunAsync(path, heads: 2);
        Assert.Equal((8, 2, 2, 2, 32, 4, 4), (init.Hidden, init.Layers, init.Heads, init.Patch, init.MlpHidden, init.Channels, init.Side));
        Assert.Equal(init with { Fresh = [] }, (await InitialModel.ReadAsync(_store, "dit"))! with { Fresh = [] });
        using var source = SafetensorsFile.Open(path);
        using var file = SafetensorsFile.FromBytes((await _store.GetAsync(init.Model.Name))!.Bytes);
        Assert.Equal(source.ToSingles("blocks.1.attn.qkv.weight"), file.ToSingles("layers.1.attn.in_proj_weight"));
        Assert.Equal(source.ToSingles("x_embedder.proj.weight"), file.ToSingles("patch_embed.weight"));
        file.Require("t_block.1.weight", TensorType.F32, 48, 8);
        Assert.DoesNotContain(file.Tensors, x => init.IsFresh(x.Name));
        Assert.True(init.IsFresh("layers.0.cross_attn.out_proj.weight") && init.IsFresh("final_layer.linear.bias") && !init.IsFresh("layers.0.attn.out_proj.weight"));

        // Again: what is there. Another file, or another number of heads: refused.
        Assert.Equal(init.Model, (await new DiTImport(_store, "dit").RunAsync(path, heads: 2)).Model);
        await Refused("made from dit.safetensors with 2 heads", () => new DiTImport(_store, "dit").RunAsync(path, heads: 4));
    }

    [Fact]
    public async Task WhatIsNoDiTIsRefusedAndNothingIsWritten()
    {
        await Refused("has no 'x_embedder.proj.weight'", () => Import(x => x.Remove("x_embedder.proj.weight")));
        await Refused("missing 'blocks.1.attn.proj.bias'", () => Import(x => x.Remove("blocks.1.attn.proj.bias")));
        await Refused("unexpected 'blocks.0.extra'", () => Import(x => x["blocks.0.extra"] = [3]));
        await Refused("'blocks.0.attn.qkv.weight' is [8, 8], not [24, 8]", () => Import(x => x["blocks.0.attn.qkv.weight"] = [8, 8]));
        await Refused("3 heads do not divide the width 8", () => Import(_ => { }, heads: 3));
        await Refused("holds no DiT", () => Import(x => x["pos_embed"] = [4, 8]));
        await Refused("no safetensors file", async () =>
        {
            File.WriteAllBytes(Path.Combine(_folder, "dit.safetensors"), [1, 2, 3]);
            await new DiTImport(_store, "dit").RunAsync(Path.Combine(_folder, "dit.safetensors"));
        });
        await Assert.ThrowsAsync<ParisInputException>(() => new DiTImport(_store, "../x").RunAsync(Write(Tensors())));
        await _store.PutAsync("runs/dit/spec.json", new byte[] { 1 }, PutCondition.Always);
        await Refused("There is a run 'dit'", () => Import(_ => { }));
        await foreach (var blob in _store.ListAsync("inits/"))
        {
            Assert.Fail($"{blob.Name} was written");
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task Refused(string message, Func<Task> import)
    {
        var error = await Assert.ThrowsAsync<ParisInputException>(import);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, long[]> Tensors()
    {
        Dictionary<string, long[]> shapes = new()
        {
            ["pos_embed"] = [1, 4, 8],
            ["x_embedder.proj.weight"] = [8, 4, 2, 2],
            ["x_embedder.proj.bias"] = [8],
            ["y_embedder.embedding_table.weight"] = [11, 8],
            ["final_layer.linear.weight"] = [32, 8],
        };
        void Linear(string key, long from, long to) => (shapes[$"{key}.weight"], shapes[$"{key}.bias"]) = ([to, from], [to]);
        Linear("t_embedder.mlp.0", 256, 8);
        Linear("t_embedder.mlp.2", 8, 8);
        for (var i = 0; i < 2; i++)
        {
            Linear($"blocks.{i}.adaLN_modulation.1", 8, 48);
            Linear($"blocks.{i}.attn.qkv", 8, 24);
            Linear($"blocks.{i}.attn.proj", 8, 8);
            Linear($"blocks.{i}.mlp.fc1", 8, 32);
            Linear($"blocks.{i}.mlp.fc2", 32, 8);
        }

        return shapes;
    }

    private Task Import(Action<Dictionary<string, long[]>> change, int? heads = 2)
    {
        var tensors = Tensors();
        change(tensors);
        return new DiTImport(_store, "dit").RunAsync(Write(tensors), heads);
    }

    private string Write(Dictionary<string, long[]> tensors)
    {
        var path = Path.Combine(_folder, "dit.safetensors");
        File.WriteAllBytes(path, SafetensorsWriter.ToBytes([.. tensors.Select(x =>
        {
            var count = (int)x.Value.Aggregate(1L, (a, b) => a * b);
            return TensorData.Of(x.Key, Enumerable.Range(0, count).Select(i => MathF.Sin(i + x.Key.Length)).ToArray(), x.Value);
        })]));
        return path;
    }
}
