namespace Paris.Core.Scheduling;

/// <summary>How far the worker on a slot is.</summary>
/// <param name="Rate">Samples a second; 0 while unknown.</param>
/// <param name="Step">The step it is at.</param>
/// <param name="Total">The step where it ends; 0 when unknown.</param>
/// <param name="CommittedStep">The newest step that a checkpoint holds.</param>
/// <param name="Seconds">Age of the worker.</param>
/// <param name="StartSeconds">From its start to owning the job; 0 until then.</param>
/// <param name="CheckpointSeconds">Duration of its newest commit; 0 before the first.</param>
public sealed record RunningWork(
    double Rate = 0, long Step = 0, long Total = 0, long CommittedStep = 0, double Seconds = 0, double StartSeconds = 0, double CheckpointSeconds = 0)
{
    /// <summary>Done share, 0 … 1; 0 when the total is unknown.</summary>
    public double Fraction => Total > 0 ? Math.Clamp((double)Step / Total, 0, 1) : 0;
}
