using System.Text.Json;
using Paris.Cli.Client;
using Paris.Core;
using Paris.Core.Rest;

namespace Paris.Cli.Output;

/// <summary>Writes <c>report.md</c>, <c>report.json</c> and every picture of a run into one folder.</summary>
internal static class ReportFolder
{
    public static async Task WriteAsync(GatewayClient client, RunReport report, string folder, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var picture in report.Pictures)
            {
                var prefix = $"runs/{report.Run}/";
                var bytes = await client.GetBlobAsync(report.Run, picture.Blob[prefix.Length..], cancellationToken);
                await ReplaceAsync(Path.Combine(folder, picture.File), bytes, cancellationToken);
            }

            await ReplaceAsync(Path.Combine(folder, "report.md"), System.Text.Encoding.UTF8.GetBytes(RunReportMarkdown.Render(report)), cancellationToken);
            await ReplaceAsync(Path.Combine(folder, "report.json"), JsonSerializer.SerializeToUtf8Bytes(report, RestJson.Indented), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }
    }

    /// <summary>Creates the folder and tries it, before an hour of work depends on it.</summary>
    /// <exception cref="ParisInputException">It cannot be written.</exception>
    public static void Check(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $".paris-{Environment.ProcessId}.part");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, e);
        }
    }

    private static ParisInputException Unwritable(string folder, Exception e)
        => new($"The folder '{folder}' cannot be written ({e.Message.TrimEnd('.')}); name another with --out.", e);

    private static async Task ReplaceAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        var part = path + ".part";
        await File.WriteAllBytesAsync(part, content, cancellationToken);
        File.Move(part, path, overwrite: true);
    }
}
