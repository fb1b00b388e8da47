using System.Text.Json;
using Paris.Core.Rest;

namespace Paris.Gateway.Security;

/// <summary><c>gateway.json</c> under a local store: how a second terminal finds and opens a running gateway. Mode 0600.</summary>
public static class GatewayAddressFile
{
    public const string FileName = "gateway.json";

    /// <summary>Writes the file whole; on Unix it is never readable by others, not even for a moment.</summary>
    public static void Write(string storeFolder, GatewayAddress address)
    {
        Directory.CreateDirectory(storeFolder);
        var path = Path.Combine(storeFolder, FileName);
        var part = $"{path}.{Environment.ProcessId}.part";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        File.Delete(part);
        using (var stream = new FileStream(part, options))
        {
            JsonSerializer.Serialize(stream, address, RestJson.Indented);
        }

        File.Move(part, path, overwrite: true);
    }

    /// <summary>Reads the file; null when there is none or it is not one.</summary>
    public static GatewayAddress? Read(string storeFolder)
    {
        try
        {
            using var stream = File.OpenRead(Path.Combine(storeFolder, FileName));
            return JsonSerializer.Deserialize<GatewayAddress>(stream, RestJson.Wire);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Removes the file if it still names this gateway.</summary>
    public static void Remove(string storeFolder, GatewayAddress address)
    {
        if (Read(storeFolder) == address)
        {
            try
            {
                File.Delete(Path.Combine(storeFolder, FileName));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A stale file is harmless: its gateway does not answer.
            }
        }
    }
}
