using System.Collections.Concurrent;
using System.Text.Json;
using Paris.Core.Jobs;

namespace Paris.Worker;

/// <summary>
/// Writes events as lines of JSON to the silo, on a thread of its own; safe from any thread. A frozen silo empties no pipe: nobody who has
/// something to say may wait for it, or the last commit would never come. What it does not read in time is dropped, the oldest first.
/// A silo that is gone is not an error here: the protocol's heartbeat decides.
/// </summary>
public sealed class EventWriter : IDisposable
{
    /// <summary>Lines that wait at most.</summary>
    public const int Capacity = 4096;

    private readonly Stream _output;
    private readonly BlockingCollection<byte[]> _lines = new(Capacity);
    private readonly Thread _thread;

    public EventWriter(Stream output)
    {
        _output = output;
        _thread = new Thread(Drain) { IsBackground = true, Name = "events" };
        _thread.Start();
    }

    /// <summary>Queues one line; never waits for the silo. After <see cref="Close"/> nothing is written.</summary>
    public void Write(WorkerEvent message)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(message, WorkerProtocol.Json);
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        try
        {
            while (!_lines.TryAdd(json))
            {
                _lines.TryTake(out _);
            }
        }
        catch (InvalidOperationException)
        {
            // Closed: the process ends.
        }
    }

    /// <summary>Writes what was queued before; false when the silo did not take it within <paramref name="limit"/>.</summary>
    public bool Close(TimeSpan limit)
    {
        _lines.CompleteAdding();
        return _thread.Join(limit);
    }

    /// <summary>Waits for nobody; <see cref="Close"/> does.</summary>
    public void Dispose()
    {
        if (Close(TimeSpan.Zero))
        {
            _lines.Dispose();
        }
    }

    private void Drain()
    {
        try
        {
            foreach (var line in _lines.GetConsumingEnumerable())
            {
                _output.Write(line);
                _output.Flush();
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The silo is gone; the reader of standard input notices and stops the job. The others go on saying things to nobody.
            foreach (var _ in _lines.GetConsumingEnumerable())
            {
            }
        }
    }
}
