namespace Paris.Training.Trainers;

/// <summary>Makes the inputs of any step: a pure function of the step, so that a resumed or rolled-back training sees the same ones.</summary>
public interface IBatchSource
{
    /// <summary>B.</summary>
    int BatchSize { get; }

    /// <summary>A batch of the right shapes.</summary>
    TrainingBatch Allocate();

    /// <summary>Fills the inputs of <paramref name="step"/>; called on the loader's thread.</summary>
    void Fill(long step, TrainingBatch batch);
}
