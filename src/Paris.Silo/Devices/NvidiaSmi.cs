using System.ComponentModel;
using System.Diagnostics;

namespace Paris.Silo.Devices;

/// <summary>Asks NVIDIA's command-line tool for the GPUs of this node.</summary>
internal static class NvidiaSmi
{
    /// <summary>Lines of <c>uuid, name, memory in MiB, compute capability</c>; null when there is no such tool or it fails.</summary>
    public static string? List() => Query("uuid,name,memory.total,compute_cap") ?? Query("uuid,name,memory.total");

    /// <summary>Drivers older than 510 do not know every field and then answer none.</summary>
    private static string? Query(string fields)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("nvidia-smi", ["--query-gpu=" + fields, "--format=csv,noheader,nounits"])
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
