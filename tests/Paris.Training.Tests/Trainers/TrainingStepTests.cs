using System.Runtime.InteropServices;
using Paris.Core.Specs;
using Paris.Training.Optimization;
using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

/// <summary>A step in parts is the whole batch's step up to rounding, for every kind of loss and for parts of unequal size.</summary>
public sealed class TrainingStepTests
{
    private static readonly ModelSpec _model = new() { Hidden = 8, Layers = 1, Heads = 2, Patch = 1 };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void Loss_and_gradient_of_parts_are_the_whole_batchs(int parts)
    {
        Check(() => new TinyTask(batch: 8), parts);
        Check(() => new ExpertTask(Trainer(), TinyTask.Samples(), 11, 0, 3, null), parts);
        Check(() => new ExpertTask(Trainer() with { Objectives = ["ddpm"] }, TinyTask.Samples(), 11, 0, 3, null), parts);
        Check(() => new RouterTask(Trainer(), TinyTask.Samples(), 11, 4), parts);
    }

    private static TrainerSpec Trainer() => new() { Model = _model, Training = new OptimizationSpec { Steps = 1, Batch = 8 } };

    private static void Check(Func<TrainingTask> create, int parts)
    {
        var (loss, gradients) = Compute(create, 1);
        var (lossOfParts, gradientsOfParts) = Compute(create, parts);
        Assert.Equal(loss, lossOfParts, 1e-5 * Math.Abs(loss));
        var largest = gradients.Max(Math.Abs);
        Assert.True(largest > 1e-3, $"the gradient is nearly nothing: {largest}");
        for (var i = 0; i < gradients.Length; i++)
        {
            Assert.True(Math.Abs(gradients[i] - gradientsOfParts[i]) <= 1e-5 * largest, $"gradient {i}: {gradients[i]} whole, {gradientsOfParts[i]} in {parts} parts");
        }
    }

    private static (double Loss, float[] Gradients) Compute(Func<TrainingTask> create, int parts)
    {
        using var task = create();
        using var parameters = FlatParameters.Attach(task.Module.named_parameters(), average: false);
        using var batch = task.Batches.Allocate();
        task.Batches.Fill(3, batch);
        var loss = new TrainingStep(task, parameters, parts).ForwardBackward(batch);
        return (loss, MemoryMarshal.Cast<byte, float>(parameters.Segments[0].Gradients.bytes).ToArray());
    }
}
