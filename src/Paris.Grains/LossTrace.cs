using System.Text;
using System.Text.Json;

namespace Paris.Grains;

/// <summary>
/// A job's loss curve in bounded memory: when it is full, neighbours are averaged, so that it always spans the whole training.
/// </summary>
public sealed class LossTrace(int capacity = 2048)
{
    private readonly List<(long Step, double Sum, int Count)> _points = [];
    private int _stride = 1;

    public long LastStep => _points.Count == 0 ? 0 : _points[^1].Step;

    /// <summary>Adds a point; a step at or before <see cref="LastStep"/> (after a resume) first cuts the curve there.</summary>
    public void Add(long step, double value)
    {
        if (!double.IsFinite(value))
        {
            return;
        }

        while (_points.Count > 0 && _points[^1].Step >= step)
        {
            _points.RemoveAt(_points.Count - 1);
        }

        if (_points.Count > 0 && _points[^1].Count < _stride)
        {
            var (_, sum, count) = _points[^1];
            _points[^1] = (step, sum + value, count + 1);
            return;
        }

        if (_points.Count == capacity)
        {
            for (var i = 0; i < capacity / 2; i++)
            {
                var (a, b) = (_points[2 * i], _points[(2 * i) + 1]);
                _points[i] = (b.Step, a.Sum + b.Sum, a.Count + b.Count);
            }

            _points.RemoveRange(capacity / 2, _points.Count - (capacity / 2));
            _stride *= 2;
        }

        _points.Add((step, value, 1));
    }

    /// <summary>At most <paramref name="max"/> points, oldest first; each is the mean of what it stands for.</summary>
    public TracePoint[] Take(int max)
    {
        if (max <= 0 || _points.Count == 0)
        {
            return [];
        }

        var group = Math.Max(1, (int)Math.Ceiling(_points.Count / (double)max));
        return [.. _points.Chunk(group).Select(x => new TracePoint(x[^1].Step, x.Sum(p => p.Sum) / x.Sum(p => p.Count)))];
    }

    /// <summary>Reads the traces that a job's epochs left in the store (<c>loss-e3.jsonl</c>), the oldest epoch first.</summary>
    public static async Task<LossTrace> ReadAsync(IBlobStore store, JobId job)
    {
        List<(int Epoch, string Name)> traces = [];
        await foreach (var blob in store.ListAsync(job.Folder + "loss-e"))
        {
            var name = blob.Name[(job.Folder.Length + "loss-e".Length)..];
            if (name.EndsWith(".jsonl", StringComparison.Ordinal) && int.TryParse(name[..^".jsonl".Length], out var epoch))
            {
                traces.Add((epoch, blob.Name));
            }
        }

        var trace = new LossTrace();
        foreach (var (_, name) in traces.OrderBy(x => x.Epoch))
        {
            if (await store.GetAsync(name) is { } blob)
            {
                foreach (var line in Encoding.UTF8.GetString(blob.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                {
                    AddLine(trace, line);
                }
            }
        }

        return trace;
    }

    private static void AddLine(LossTrace trace, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.TryGetProperty("step", out var step) && document.RootElement.TryGetProperty("loss", out var loss)
                && loss.ValueKind == JsonValueKind.Number)
            {
                trace.Add(step.GetInt64(), loss.GetDouble());
            }
        }
        catch (JsonException)
        {
            // A torn last line of a worker that was killed while it wrote.
        }
    }
}
