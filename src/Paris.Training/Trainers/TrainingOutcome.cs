namespace Paris.Training.Trainers;

/// <summary>How a training ended.</summary>
/// <param name="Record">The last checkpoint's record.</param>
/// <param name="Loss">Mean loss of the guard's last steps.</param>
/// <param name="WeightsHash">SHA-256 of the weights (not the average) in the model's order.</param>
public sealed record TrainingOutcome(TrainingRecord Record, double Loss, string WeightsHash);
