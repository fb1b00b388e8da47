using System.Globalization;

namespace Paris.Cluster.Tests;

/// <summary>One worker process from its take-over to its end, as its log tells.</summary>
/// <param name="Job">The job's key.</param>
/// <param name="Epoch">Its fencing number.</param>
/// <param name="Silo">The silo that started it.</param>
/// <param name="Process">Its process id.</param>
/// <param name="Lines">What it did: when, a word (ready, step, commit, fault, exit) and a number.</param>
internal sealed record WorkerLife(string Job, int Epoch, string Silo, int Process, IReadOnlyList<(DateTimeOffset At, string Word, long Number)> Lines)
{
    public DateTimeOffset? FirstStepAt => Lines.Where(x => x.Word == "step").Select(x => (DateTimeOffset?)x.At).FirstOrDefault();

    /// <summary>The last step it made; 0 without one.</summary>
    public long LastStep => Lines.LastOrDefault(x => x.Word == "step").Number;

    /// <summary>The step it went on from.</summary>
    public long From => Lines.First(x => x.Word == "ready").Number;

    public long? ExitCode => Lines.Where(x => x.Word == "exit").Select(x => (long?)x.Number).FirstOrDefault();

    /// <summary>Longest time without a step between two moments.</summary>
    public TimeSpan LongestGap(DateTimeOffset from, DateTimeOffset to)
    {
        DateTimeOffset[] steps = [from, .. Lines.Where(x => x.Word == "step" && x.At > from && x.At < to).Select(x => x.At), to];
        return steps.Zip(steps.Skip(1), (a, b) => b - a).Max();
    }

    /// <summary>All workers that have logged in the folder, by job and epoch.</summary>
    public static IReadOnlyList<WorkerLife> ReadAll(string folder)
    {
        List<WorkerLife> lives = [];
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.log") : [])
        {
            using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            var lines = reader.ReadToEnd().Split('\n').SkipLast(1).Select(x => x.Split(' ')).Select(x => (
                DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(x[0], CultureInfo.InvariantCulture)), x[1], long.Parse(x[2], CultureInfo.InvariantCulture)));
            if (Path.GetFileNameWithoutExtension(file).Split('_') is [var job, var epoch, var silo, var process])
            {
                lives.Add(new(job.Replace('+', '/'), int.Parse(epoch, CultureInfo.InvariantCulture), silo, int.Parse(process, CultureInfo.InvariantCulture), [.. lines]));
            }
        }

        return [.. lives.OrderBy(x => x.Job, StringComparer.Ordinal).ThenBy(x => x.Epoch)];
    }
}
