using Paris.Training.Optimization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>What is trained: a module, its inputs and its loss. The loop does everything else.</summary>
public abstract class TrainingTask : IDisposable
{
    /// <summary>The module whose parameters are trained; already on its device.</summary>
    public abstract nn.Module Module { get; }

    /// <summary>The parameters that are trained, by name: all, unless the task holds some fixed.</summary>
    public virtual IEnumerable<(string name, Parameter parameter)> Trained => Module.named_parameters();

    /// <summary>The inputs of every step.</summary>
    public abstract IBatchSource Batches { get; }

    /// <summary>
    /// Puts the weights that the training starts from into the module, where they are not the random ones it was built with. Called once in a
    /// job's life, before the first step; a resumed training has its checkpoint.
    /// </summary>
    /// <returns>What was loaded, for the checkpoints' record; null: nothing was.</returns>
    /// <exception cref="Paris.Core.ParisInputException">They are not there or do not fit.</exception>
    public virtual string? LoadStart() => null;

    /// <summary>What is counted in the rate: <c>images</c> or <c>samples</c>.</summary>
    public virtual string Unit => "images";

    /// <summary>The mean loss over the samples of one micro-batch, a scalar with a gradient.</summary>
    /// <param name="batch">The micro-batch, on the module's device.</param>
    public abstract Tensor Loss(BatchView batch);

    /// <summary>A preview picture (a PNG file) of the model as it is now, or null when there is none to make. Called between steps.</summary>
    /// <param name="parameters">For the averaged weights (<see cref="FlatParameters.WithAverage"/>).</param>
    public virtual byte[]? Preview(FlatParameters parameters) => null;

    public virtual void Dispose() => Module.Dispose();
}

/// <summary>Some samples of a batch on the module's device.</summary>
/// <param name="Input">[b, c, h, w].</param>
/// <param name="Target">[b, c, h, w] or null.</param>
/// <param name="Time">[b], 1000·t.</param>
/// <param name="Labels">[b], int64.</param>
/// <param name="Step">The step.</param>
/// <param name="First">Place of the first of these samples in the batch.</param>
/// <param name="Condition">[b, T, D] or [b, P] encoded captions; null without text.</param>
public readonly record struct BatchView(Tensor Input, Tensor? Target, Tensor Time, Tensor Labels, long Step, int First, Tensor? Condition = null);
