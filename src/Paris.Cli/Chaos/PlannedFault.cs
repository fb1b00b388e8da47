using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>One entry of a plan.</summary>
/// <param name="Number">Its place, from 1.</param>
/// <param name="At">When, from the start of the faults.</param>
/// <param name="Fault">What.</param>
/// <param name="Seconds">How long it lasts; 0 for kills.</param>
/// <param name="Pick">Which of the candidates of that moment: 0 … 1, times their number.</param>
internal sealed record PlannedFault(int Number, TimeSpan At, ChaosFault Fault, double Seconds, double Pick)
{
    /// <summary>The candidate that <see cref="Pick"/> names.</summary>
    public T Choose<T>(IReadOnlyList<T> candidates) => candidates[Math.Min((int)(Pick * candidates.Count), candidates.Count - 1)];
}
