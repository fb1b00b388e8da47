using System.Buffers.Binary;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Worker.Tests;

/// <summary>
/// A run on 64 pictures of two kinds, 8×8 pixels, in pixel space, brought by real workers to the point where experts can train.
/// </summary>
public sealed class TinyRun : IDisposable
{
    private const int Count = 64;
    private const int Side = 8;

    public TinyRun()
    {
        Folder = Directory.CreateTempSubdirectory("paris-worker-").FullName;
        var pixels = new byte[16 + (Count * Side * Side)];
        new byte[] { 0, 0, 8, 3 }.CopyTo(pixels, 0);
        BinaryPrimitives.WriteInt32BigEndian(pixels.AsSpan(4), Count);
        BinaryPrimitives.WriteInt32BigEndian(pixels.AsSpan(8), Side);
        BinaryPrimitives.WriteInt32BigEndian(pixels.AsSpan(12), Side);
        var noise = new float[Count * Side * Side];
        new PhiloxKey(9, RandomPurpose.Simulation).FillNormal(noise);
        for (var i = 0; i < noise.Length; i++)
        {
            var upper = i / Side % Side < Side / 2;
            pixels[16 + i] = (byte)Math.Clamp((upper == (i / (Side * Side) % 2 == 0) ? 200 : 40) + (15 * noise[i]), 0, 255);
        }

        var images = Path.Combine(Folder, "images-idx3-ubyte");
        File.WriteAllBytes(images, pixels);
        Spec = new RunSpec
        {
            Name = "tiny",
            Seed = 11,
            Data = new DataSpec { Images = images, ImageSize = Side },
            Clustering = new ClusteringSpec { Clusters = 2, FineClusters = 4, Dimension = 4, Iterations = 4, Restarts = 1 },
            Expert = new TrainerSpec
            {
                Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 },
                Training = new OptimizationSpec { Steps = 400, Batch = 4, LearningRate = 1e-3, EmaDecay = 0.9, CheckpointEvery = 20, PreviewEvery = 0 },
            },
            Router = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = new OptimizationSpec { Steps = 4, Batch = 4, EmaDecay = 0.9 } },
            Evaluation = new EvaluationSpec { Strategies = [] },
        };
        Prepared = Path.Combine(Folder, "prepared");
        var store = BlobStoreFactory.Open(Prepared);
        Assert(store.PutAsync($"runs/{Spec.Name}/spec.json", RunSpecJson.Serialize(Spec), PutCondition.Absent).GetAwaiter().GetResult().Succeeded);
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition })
        {
            WorkerProcess.Complete(Prepared, new JobId(Spec.Name, kind), NewClaim());
        }
    }

    public string Folder { get; }

    public RunSpec Spec { get; }

    /// <summary>A store in which the clusters are partitioned and nothing is trained. Tests copy it.</summary>
    public string Prepared { get; }

    public JobId Expert => JobId.ForExpert(Spec.Name, 0);

    public static string NewClaim() => Guid.NewGuid().ToString("N");

    /// <summary>A copy of the prepared store.</summary>
    public string Copy(string name, RunSpec? spec = null)
    {
        var target = Path.Combine(Folder, name);
        using var process = System.Diagnostics.Process.Start("cp", ["-a", Prepared, target])!;
        process.WaitForExit();
        if (spec is not null)
        {
            var store = BlobStoreFactory.Open(target);
            Assert(store.PutAsync($"runs/{spec.Name}/spec.json", RunSpecJson.Serialize(spec), PutCondition.Always).GetAwaiter().GetResult().Succeeded);
        }

        return target;
    }

    /// <summary>A copy of the prepared store in an empty store of any kind.</summary>
    public void CopyTo(string location)
    {
        var (from, to) = (BlobStoreFactory.Open(Prepared), BlobStoreFactory.Open(location));
        foreach (var blob in from.ListAsync("").ToBlockingEnumerable())
        {
            Assert(to.PutAsync(blob.Name, from.GetAsync(blob.Name).GetAwaiter().GetResult()!.Bytes, PutCondition.Absent).GetAwaiter().GetResult().Succeeded);
        }
    }

    /// <summary>What <see cref="Hungry"/> may take of private writable memory, bytes: .NET, libtorch and an eighth of the batch fit, the whole does not.</summary>
    public const long HungryLimit = 1400L << 20;

    /// <summary>The same of resident memory.</summary>
    public const long HungryResident = 900L << 20;

    /// <summary>The run with so large a batch that a step takes gigabytes.</summary>
    public static RunSpec Hungry(RunSpec spec) => spec with
    {
        Expert = spec.Expert with { Training = spec.Expert.Training with { Batch = 32768, Steps = 2, CheckpointEvery = 1 } },
    };

    /// <summary>Gives <paramref name="job"/> a head whose checkpoint is one of expert 1, which is there, and returns that one's entry.</summary>
    public static CheckpointEntry LureToOtherExpert(string location, JobId job)
    {
        var store = BlobStoreFactory.Open(location);
        var bytes = new byte[4321];
        var entry = new CheckpointEntry(JobId.ForExpert(job.Run, 1).Folder + "step-00000020-e1.safetensors", 20, bytes.Length, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)));
        var head = new JobHead { Epoch = 1, Claim = NewClaim(), Silo = "somebody", Step = 20, Checkpoints = [entry] };
        Assert(store.PutAsync(entry.Name, bytes, PutCondition.Absent).GetAwaiter().GetResult().Succeeded);
        Assert(store.PutAsync(job.HeadName, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(head, WorkerProtocol.Json), PutCondition.Absent).GetAwaiter().GetResult().Succeeded);
        return entry;
    }

    /// <summary>Replaces the spec of a copied store, where nothing is trained yet.</summary>
    public static void Respec(string store, RunSpec spec)
        => Assert(BlobStoreFactory.Open(store).PutAsync($"runs/{spec.Name}/spec.json", RunSpecJson.Serialize(spec), PutCondition.Always).GetAwaiter().GetResult().Succeeded);

    public JobHead? Head(string store) => JobFence.ReadHeadAsync(BlobStoreFactory.Open(store), Expert).GetAwaiter().GetResult();

    public JobResult? Result(string store) => JobFence.ReadResultAsync(BlobStoreFactory.Open(store), Expert).GetAwaiter().GetResult();

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Assert(bool succeeded)
    {
        if (!succeeded)
        {
            throw new InvalidOperationException("the blob was there already");
        }
    }
}
