using System.Globalization;

namespace Paris.Cli.Output;

/// <summary>A line for every part of a long copy, with rate and time left.</summary>
internal static class CopyProgress
{
    public static Action<string, long, long> Lines(CliOutput output, TimeProvider time)
    {
        var started = time.GetTimestamp();
        return (part, done, total) =>
        {
            var seconds = Math.Max(1e-3, time.GetElapsedTime(started).TotalSeconds);
            output.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"paris: {part}  {100.0 * done / Math.Max(1, total):0} %  {done / seconds / 1e6:0} MB/s  {seconds * (total - done) / Math.Max(1, done):0} s left"));
        };
    }
}
