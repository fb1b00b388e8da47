using System.Text;

namespace Paris.Training.Data;

/// <summary>Files of one JSON value a line.</summary>
internal static class JsonLines
{
    /// <summary>The lines, each with its end, as UTF-8.</summary>
    public static byte[] ToBytes(IEnumerable<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(x => x + "\n")));
}
