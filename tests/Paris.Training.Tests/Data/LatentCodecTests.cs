using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Data;
using Paris.Training.Tests.Jobs;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Data;

/// <summary>A published autoencoder as a run's codec, against the golden numbers of fixture autoencoder-kl-tiny.</summary>
public sealed class LatentCodecTests : IDisposable
{
    private const float Scale = 0.18215f;

    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public LatentCodecTests() => _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    private static string Published => Path.Combine(Fixtures.Folder, "autoencoder-kl-tiny");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AutoencoderWeightsOfTheSpecEncodeAndDecodeAsTheReference(bool folder)
    {
        var weights = CopyWeights();
        var runner = Runner(Spec(folder ? Path.GetDirectoryName(weights)! : weights));
        var result = runner.Run(JobKind.TrainAutoencoder);
        File.Delete(weights); // the run has its own copy

        using var codec = LatentCodec.Load(runner.Context(new JobId("codec", JobKind.Encode)));
        CheckAgainstReference(codec);
        Assert.Equal("0.18215", result.Facts["scaling-factor"]);
        Assert.True(result.Metrics["parameters"] > 50_000);
    }

    [Fact]
    public async Task AnImportedAutoencoderIsTheRunsCodec()
    {
        foreach (var file in new[] { "config.json", "diffusion_pytorch_model.safetensors" })
        {
            await _store.PutAsync(EnsembleImport.CompanionName("codec", $"vae/{file}"), File.ReadAllBytes(Path.Combine(Published, file)), PutCondition.Always);
        }

        var spec = Imported(new ImportSpec { LatentChannels = 4, LatentSide = 8, Autoencoder = true });
        using var codec = LatentCodec.Load(Runner(spec).Context(new JobId("codec", JobKind.Sample, "a")));
        CheckAgainstReference(codec);

        Expect(Imported(spec.Import! with { LatentChannels = 16 }), "16; import the folder again");
        Expect(Imported(spec.Import! with { Autoencoder = false }), "are no pictures");
        await _store.DeleteAsync(EnsembleImport.CompanionName("codec", "vae/diffusion_pytorch_model.safetensors"));
        Expect(spec, "imported without 'vae'");

        void Expect(RunSpec wrong, string message)
            => Assert.Contains(message, Assert.Throws<ParisInputException>(() => LatentCodec.Load(Runner(wrong).Context(new JobId("codec", JobKind.Sample, "a")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDoesNotFitIsToldWithTheKeyToChange()
    {
        var weights = CopyWeights();
        var spec = Spec(weights);
        Expect(spec with { Autoencoder = spec.Autoencoder! with { Factor = 8 } }, "set 'autoencoder.factor'");
        Expect(spec with { Autoencoder = spec.Autoencoder! with { LatentChannels = 8 } }, "set 'autoencoder.latentChannels'");
        Expect(spec with { Data = spec.Data with { Channels = 1 } }, "set 'data.channels'");
        Expect(Spec(Path.Combine(Published, "diffusion_pytorch_model.safetensors")), "outside the allowed source folders");
        Expect(Spec(_files.Folder), "holds no weights");
        Expect(Spec(_files.Write("other.safetensors", SafetensorsWriter.ToBytes([TensorData.Of("x", new float[] { 1 }, 1)]))), "holds no Stable Diffusion autoencoder");

        void Expect(RunSpec wrong, string message)
            => Assert.Contains(message, Assert.Throws<ParisInputException>(() => Runner(wrong).Run(JobKind.TrainAutoencoder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedWeightsAreNotUsed()
    {
        var runner = Runner(Spec(CopyWeights()));
        var model = runner.Run(JobKind.TrainAutoencoder).Outputs["model"];
        var bytes = (await _store.GetAsync(model.Name))!.Bytes;
        bytes[^5] ^= 1;
        await _store.PutAsync(model.Name, bytes, PutCondition.Always);
        Expect();
        await _store.PutAsync(model.Name, bytes[..^1], PutCondition.Always);
        Expect();

        void Expect() => Assert.Contains("is damaged", Assert.Throws<ParisInputException>(() => LatentCodec.Load(runner.Context(new JobId("codec", JobKind.Encode)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALargeBatchIsWorkedOnInParts()
    {
        var runner = Runner(Spec(CopyWeights()));
        runner.Run(JobKind.TrainAutoencoder);
        using var codec = LatentCodec.Load(runner.Context(new JobId("codec", JobKind.Encode)));
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var values = new float[3 * 3 * 512 * 256];
        new PhiloxKey(1, RandomPurpose.Simulation).FillUniform(values);
        var pictures = (tensor(values, [3, 3, 512, 256]) * 2f) - 1f; // two fit at once
        var latents = codec.Encode(pictures);
        Assert.Equal([3L, 4, 128, 64], latents.shape);
        Assert.InRange((codec.Encode(pictures.narrow(0, 2, 1)) - latents.narrow(0, 2, 1)).abs().max().item<float>(), 0, 1e-6f);
        Assert.Equal([3L, 3, 512, 256], codec.Decode(latents).shape);
    }

    public void Dispose() => _files.Dispose();

    private static void CheckAgainstReference(LatentCodec codec)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var io = Fixtures.Open("autoencoder-kl-tiny/io.safetensors");
        Tensor Read(string name) => tensor(io.ToSingles(name), [.. io[name].Shape]);
        Assert.InRange((codec.Encode(Read("image")) - (Read("posterior.mean") * Scale)).abs().max().item<float>(), 0, 2e-5f);
        Assert.InRange((codec.Decode(Read("posterior.mean") * Scale) - Read("decoded")).abs().max().item<float>(), 0, 1e-4f);
    }

    private static RunSpec Imported(ImportSpec import) => new()
    {
        Name = "codec",
        Data = new DataSpec { Kind = DataSpec.None, Images = "", Channels = 3 },
        Import = import,
        Expert = new TrainerSpec { Model = new ModelSpec { Preset = "tiny" } },
        Router = new TrainerSpec { Model = new ModelSpec { Preset = "tiny" } },
    };

    private static RunSpec Spec(string weights) => new()
    {
        Name = "codec",
        Data = new DataSpec { Kind = "folder", Images = "pictures", Channels = 3, ImageSize = 32 },
        Autoencoder = new AutoencoderSpec { Weights = weights, Factor = 4 },
        Expert = new TrainerSpec { Model = new ModelSpec { Preset = "tiny" } },
        Router = new TrainerSpec { Model = new ModelSpec { Preset = "tiny" } },
    };

    private JobRunner Runner(RunSpec spec) => new(_store, spec, _files.Folder);

    private string CopyWeights()
    {
        _files.Write("vae/config.json", File.ReadAllBytes(Path.Combine(Published, "config.json")));
        return _files.Write("vae/diffusion_pytorch_model.safetensors", File.ReadAllBytes(Path.Combine(Published, "diffusion_pytorch_model.safetensors")));
    }
}
