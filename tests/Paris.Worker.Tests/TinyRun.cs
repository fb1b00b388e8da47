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
    public string Copy(string name)
    {
        var target = Path.Combine(Folder, name);
        using var process = System.Diagnostics.Process.Start("cp", ["-a", Prepared, target])!;
        process.WaitForExit();
        return target;
    }

    public JobHead? Head(string store) => JobFence.ReadHeadAsync(BlobStoreFactory.Open(store), Expert).GetAwaiter().GetResult();

    public JobResult? Result(string store) => JobFence.ReadResultAsync(BlobStoreFactory.Open(store), Expert).GetAwaiter().GetResult();

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Assert(bool succeeded)
    {
        if (!succeeded)
        {
            throw new InvalidOperationException("the spec was there already");
        }
    }
}
