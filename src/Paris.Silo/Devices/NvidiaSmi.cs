using System.ComponentModel;
using System.Diagnostics;

namespace Paris.Silo.Devices;

/// <summary>Asks NVIDIA's command-line tool for the GPUs of this node.</summary>
internal static class NvidiaSmi
{
    /// <summary>Lines of <c>uuid, name, memory in MiB</c>; null when there is no such tool or it fails.</summary>
    public static string? List()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(10_000))
            {
                process.Kill();
                return null;
            }

            return process.ExitCode == 0 ? output.GetAwaiter().GetResult() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
