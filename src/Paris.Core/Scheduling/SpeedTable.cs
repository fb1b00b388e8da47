namespace Paris.Core.Scheduling;

/// <summary>
/// Samples a second by device class and job shape, learned from the rates of running workers. Soft: a new instance learns them again
/// from the next reports.
/// </summary>
public sealed class SpeedTable
{
    /// <summary>Weight of a new report in the moving average.</summary>
    private const double Gain = 0.2;

    private readonly Dictionary<(string Class, string Shape), double> _rates = [];

    /// <summary>A worker of this shape reports its rate on this class; what is no positive number is ignored.</summary>
    /// <param name="deviceClass"><see cref="SlotFacts.Class"/>.</param>
    /// <param name="shape"><see cref="JobDemand.Shape"/>.</param>
    /// <param name="rate">Samples a second.</param>
    public void Learn(string deviceClass, string shape, double rate)
    {
        if (rate > 0 && double.IsFinite(rate) && shape.Length > 0)
        {
            _rates[(deviceClass, shape)] = _rates.TryGetValue((deviceClass, shape), out var known) ? known + (Gain * (rate - known)) : rate;
        }
    }

    /// <summary>Measured samples a second; null when no worker of this shape ran on this class.</summary>
    public double? Measured(string deviceClass, string shape) => _rates.TryGetValue((deviceClass, shape), out var rate) ? rate : null;

    /// <summary>
    /// The measured rate, or the shape's usual rate times the class's usual advantage; a class nothing is known of has none. Comparable between
    /// the classes for one shape; in samples a second only when <see cref="Knows"/>.
    /// </summary>
    public double Estimate(string deviceClass, string shape) =>
        Measured(deviceClass, shape) ?? (Usual(shape) ?? 1) * Advantage(deviceClass);

    /// <summary>Whether any worker of this shape was measured.</summary>
    public bool Knows(string shape) => _rates.Keys.Any(x => x.Shape == shape);

    /// <summary>Seconds for so many samples; null when the shape was never measured or the work is unknown.</summary>
    public double? Seconds(string deviceClass, JobDemand demand) =>
        demand.Samples > 0 && Knows(demand.Shape) ? demand.Samples / Estimate(deviceClass, demand.Shape) : null;

    /// <summary>Geometric mean over the classes.</summary>
    private double? Usual(string shape) => Mean(_rates.Where(x => x.Key.Shape == shape).Select(x => x.Value));

    /// <summary>How much faster than usual this class is, over all shapes measured on it; 1 when nothing is known.</summary>
    private double Advantage(string deviceClass) =>
        Mean(_rates.Where(x => x.Key.Class == deviceClass).Select(x => x.Value / Usual(x.Key.Shape)!.Value)) ?? 1;

    private static double? Mean(IEnumerable<double> rates)
    {
        double[] logs = [.. rates.Select(x => Math.Log(x))];
        return logs.Length == 0 ? null : Math.Exp(logs.Average());
    }
}
