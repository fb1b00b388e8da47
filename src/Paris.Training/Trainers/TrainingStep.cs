using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>The computation of one step, without what the loop does around it.</summary>
/// <param name="task">What is trained.</param>
/// <param name="parameters">Its flat buffers; the gradients accumulate there.</param>
/// <param name="microBatches">
/// Parts of the batch that are computed one after the other, at most B. Their sizes differ by one at most, and each weighs as its share of the
/// batch: loss and gradient are the whole batch's up to rounding.
/// </param>
public sealed class TrainingStep(TrainingTask task, FlatParameters parameters, int microBatches)
{
    /// <summary>Forward and backward over all micro-batches; the mean loss.</summary>
    public double ForwardBackward(TrainingBatch batch)
    {
        using var scope = NewDisposeScope();
        var sum = 0.0;
        for (var i = 0; i < microBatches; i++)
        {
            using var inner = NewDisposeScope();
            var first = (int)((long)batch.Size * i / microBatches);
            var count = (int)((long)batch.Size * (i + 1) / microBatches) - first;
            var share = (double)count / batch.Size;
            var loss = task.Loss(View(batch, first, count));
            if (microBatches == 1)
            {
                loss.backward();
            }
            else
            {
                loss.mul((float)share).backward();
            }

            sum += share * loss.item<float>();
        }

        return sum;
    }

    private BatchView View(TrainingBatch batch, int first, int count)
    {
        return new BatchView(Part(batch.Input), batch.Target is null ? null : Part(batch.Target), Part(batch.Time), Part(batch.Labels), batch.Step, first, batch.Condition is null ? null : Part(batch.Condition));

        Tensor Part(Tensor whole)
        {
            var part = count == batch.Size ? whole : whole.narrow(0, first, count);
            return parameters.OnCpu ? part : part.to(parameters.Segments[0].Weights.device);
        }
    }
}
