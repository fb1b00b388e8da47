using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>
/// A time with a bound. A test measures it once; <c>PARIS_CLUSTER_REPEATS=5</c> measures it five times, each on a new cluster, and the
/// median is held to the bound and written to the file that <c>PARIS_CLUSTER_REPORT</c> names, one line of Markdown a figure. A bound is one
/// of a machine that has time: with more runnable threads than processors it is stretched by that factor.
/// </summary>
internal static class Measured
{
    private static readonly Lock s_gate = new();

    /// <summary>Longest time between two steps of a worker that nobody disturbs; it makes twenty a second.</summary>
    public static TimeSpan Gap => TimeSpan.FromSeconds(2) * Busy();

    /// <param name="output">Takes the figures.</param>
    /// <param name="what">What is measured, in words.</param>
    /// <param name="bound">Longest median, in seconds.</param>
    /// <param name="measure">Measures once, in seconds.</param>
    public static async Task WithinAsync(ITestOutputHelper output, string what, double bound, Func<Task<double>> measure)
    {
        var repeats = int.Parse(Environment.GetEnvironmentVariable("PARIS_CLUSTER_REPEATS") ?? "1", CultureInfo.InvariantCulture);
        List<double> seconds = [];
        for (var i = 0; i < repeats; i++)
        {
            seconds.Add(await measure());
        }

        var median = seconds.Order().ElementAt(repeats / 2);
        var busy = Busy();
        var line = string.Create(CultureInfo.InvariantCulture, $"| {what} | {string.Join(' ', seconds.Select(x => x.ToString("0.0", CultureInfo.InvariantCulture)))} | {median:0.0} | {bound:0} | {busy:0.0} |");
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("PARIS_CLUSTER_REPORT") is { Length: > 0 } file)
        {
            lock (s_gate)
            {
                File.AppendAllText(file, line + "\n");
            }
        }

        Assert.True(median <= bound * busy, $"{what}: {median:0.0} s, more than {bound} s on a machine that is {busy:0.0} times busy");
    }

    /// <summary>Runnable threads a processor in the last minute, at least 1.</summary>
    private static double Busy() => Math.Max(1, double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) / Environment.ProcessorCount);
}
