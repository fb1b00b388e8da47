using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>The computation of one step, without what the loop does around it.</summary>
/// <param name="task">What is trained.</param>
/// <param name="parameters">Its flat buffers; the gradients accumulate there.</param>
/// <param name="microBatches">Parts of the batch that are computed one after the other; divides the batch.</param>
public sealed class TrainingStep(TrainingTask task, FlatParameters parameters, int microBatches)
{
    /// <summary>Forward and backward over all micro-batches; the mean loss.</summary>
    public double ForwardBackward(TrainingBatch batch)
    {
        using var scope = NewDisposeScope();
        var size = batch.Size / microBatches;
        var sum = 0.0;
        for (var i = 0; i < microBatches; i++)
        {
            using var inner = NewDisposeScope();
            var loss = task.Loss(View(batch, i * size, size));
            if (microBatches == 1)
            {
                loss.backward();
            }
            else
            {
                loss.div(microBatches).backward();
            }

            sum += loss.item<float>();
        }

        return sum / microBatches;
    }

    private BatchView View(TrainingBatch batch, int first, int count)
    {
        return new BatchView(Part(batch.Input), batch.Target is null ? null : Part(batch.Target), Part(batch.Time), Part(batch.Labels), batch.Step, first);

        Tensor Part(Tensor whole)
        {
            var part = count == batch.Size ? whole : whole.narrow(0, first, count);
            return parameters.OnCpu ? part : part.to(parameters.Segments[0].Weights.device);
        }
    }
}
