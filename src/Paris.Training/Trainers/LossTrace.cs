using System.Globalization;
using System.Text;

namespace Paris.Training.Trainers;

/// <summary>
/// The losses of one epoch as JSON lines, for the blob <c>loss-e{epoch}.jsonl</c>. Its first line says where the epoch started: readers
/// cut the traces of earlier epochs there. A line stands for one step, or for several in a long training.
/// </summary>
public sealed class LossTrace(int epoch, long start, long total)
{
    /// <summary>Lines a whole training leaves at most.</summary>
    private const long MaxLines = 4000;

    private readonly long _stride = Math.Max(1, (total + MaxLines - 1) / MaxLines);
    private readonly List<(long Step, string Line)> _lines = [];
    private double _sum;
    private long _count;

    /// <summary>Adds the step that made <paramref name="step"/> steps done.</summary>
    public void Add(long step, double loss, double gradientNorm, double learningRate, double seconds)
    {
        _sum += loss;
        _count++;
        if (step % _stride != 0)
        {
            return;
        }

        _lines.Add((step, string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"step\":{step},\"loss\":{_sum / _count:G6},\"norm\":{gradientNorm:G4},\"rate\":{learningRate:G4},\"seconds\":{seconds:G4}}}\n")));
        _sum = 0;
        _count = 0;
    }

    /// <summary>Notes a skipped step.</summary>
    public void AddSkip(long step) => _lines.Add((step, string.Create(CultureInfo.InvariantCulture, $"{{\"step\":{step},\"skipped\":true}}\n")));

    /// <summary>Forgets what came after <paramref name="step"/> (a roll-back).</summary>
    public void CutAfter(long step)
    {
        _lines.RemoveAll(line => line.Step > step);
        _sum = 0;
        _count = 0;
    }

    /// <summary>The blob's content up to <paramref name="step"/>.</summary>
    public byte[] ToBytes(long step)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{{\"epoch\":{epoch},\"start\":{start},\"total\":{total}}}\n"));
        foreach (var line in _lines)
        {
            if (line.Step <= step)
            {
                text.Append(line.Line);
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
