using System.Globalization;
using Paris.Core.Jobs;

namespace Paris.FakeWorker;

/// <summary>
/// What this worker did and when, for tests that measure: one file a worker, lines of <c>TIME WORD NUMBER</c> (Unix milliseconds; ready,
/// step, commit, fault, exit). Without a folder nothing is written.
/// </summary>
internal sealed class WorkerLog : IDisposable
{
    private readonly StreamWriter? _file;

    public WorkerLog(string folder, StartCommand start, int epoch)
    {
        if (folder.Length > 0)
        {
            Directory.CreateDirectory(folder);
            var name = string.Create(CultureInfo.InvariantCulture, $"{start.Job.Key.Replace('/', '+')}_{epoch}_{start.Silo}_{Environment.ProcessId}.log");
            _file = new StreamWriter(Path.Combine(folder, name)) { AutoFlush = true };
        }
    }

    public void Write(string word, long number)
    {
        if (_file is not null)
        {
            lock (_file)
            {
                _file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()} {word} {number}"));
            }
        }
    }

    public void Dispose() => _file?.Dispose();
}
