using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Training.Tests.Data;

namespace Paris.Training.Tests.Jobs;

/// <summary>A small run on pixels: bright upper or lower halves, 16×16.</summary>
internal static class BarsRun
{
    public const int Count = 48;
    public const int Side = 16;

    public static RunSpec Spec(SourceFiles files, string name, int clusters = 2)
    {
        var (pixels, labels) = Pictures(Count);
        var training = new OptimizationSpec { Steps = 12, Batch = 8, LearningRate = 2e-3, EmaDecay = 0.9, CheckpointEvery = 5, PreviewEvery = 0 };
        return new RunSpec
        {
            Name = name,
            Seed = 3,
            Data = new DataSpec
            {
                Images = files.Images("images", Count, Side, Side, pixels),
                Labels = files.Labels("labels", labels),
                Classes = ["up", "down"],
                ImageSize = Side,
            },
            Clustering = new ClusteringSpec { Clusters = clusters, FineClusters = 2 * clusters, Dimension = 4, Iterations = 4, Restarts = 1 },
            Expert = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = training },
            Router = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = training with { LearningRate = 1e-2 } },
            Sampling = new SamplingSpec { Steps = 4 },
        };
    }

    /// <summary>Noisy bars in turn: [count, 16, 16] pixels, and 0 where the upper half is the bright one.</summary>
    public static (byte[] Pixels, byte[] Labels) Pictures(int count)
    {
        var pixels = new byte[count * Side * Side];
        var noise = new float[pixels.Length];
        new PhiloxKey(4, RandomPurpose.Simulation).FillNormal(noise);
        var labels = new byte[count];
        for (var i = 0; i < pixels.Length; i++)
        {
            var image = i / (Side * Side);
            labels[image] = (byte)(image % 2);
            var bright = i / Side % Side < Side / 2 == (labels[image] == 0);
            pixels[i] = (byte)Math.Clamp((bright ? 190 : 60) + (20 * noise[i]), 0, 255);
        }

        return (pixels, labels);
    }
}
