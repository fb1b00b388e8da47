using System.Text.Json;
using Paris.Core.Jobs;

namespace Paris.Worker;

/// <summary>Writes events as lines of JSON to the silo; safe from any thread. A silo that no longer reads is not an error here: the protocol's heartbeat decides.</summary>
public sealed class EventWriter(Stream output)
{
    private static readonly byte[] _newLine = "\n"u8.ToArray();
    private readonly Lock _gate = new();

    public void Write(WorkerEvent message)
    {
        var line = JsonSerializer.SerializeToUtf8Bytes(message, WorkerProtocol.Json);
        lock (_gate)
        {
            try
            {
                output.Write(line);
                output.Write(_newLine);
                output.Flush();
            }
            catch (IOException)
            {
                // The silo is gone; the reader of standard input notices and stops the job.
            }
        }
    }
}
