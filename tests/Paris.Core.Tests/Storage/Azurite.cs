using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Paris.Core.Tests.Storage;

/// <summary>The Azure storage emulator, started once for the tests that need it.</summary>
public sealed partial class AzuriteFixture : IDisposable
{
    private readonly Process _process;

    public AzuriteFixture()
    {
        if (Program is null)
        {
            // Its tests are skipped with SkipReason.
            ConnectionString = "";
            _process = null!;
            return;
        }

        _process = Process.Start(new ProcessStartInfo(Program, ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent", "--blobPort", "0"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        string? line;
        while ((line = _process.StandardOutput.ReadLine()) is not null)
        {
            if (Listening().Match(line) is { Success: true } match)
            {
                Endpoint = new Uri(match.Groups[1].Value + "/devstoreaccount1");

                // The emulator's account and key are public constants of its documentation.
                ConnectionString = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
                    + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
                    + $"BlobEndpoint={Endpoint};";
                _process.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        throw new InvalidOperationException($"'{Program}' ended without listening.");
    }

    public static string? Program { get; } = Find();

    public static string? SkipReason => Program is null
        ? "SKIP: the Azure storage emulator is missing; run infra/setup.sh test, or name azurite-blob in PARIS_AZURITE"
        : null;

    public string ConnectionString { get; }

    public Uri? Endpoint { get; }

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("PARIS_AZURITE") is { Length: > 0 } named)
        {
            return named;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(folder.FullName, "artifacts/tools/node_modules/.bin/azurite-blob");
            if (File.Exists(program))
            {
                return program;
            }
        }

        return null;
    }

    [GeneratedRegex(@"listens on (http://\S+)")]
    private static partial Regex Listening();
}

[CollectionDefinition(Name)]
public sealed class AzuriteGroup : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "azurite";
}

/// <summary>A test that needs the emulator; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AzuriteFactAttribute : FactAttribute
{
    public AzuriteFactAttribute() => Skip = AzuriteFixture.SkipReason;
}

/// <summary>As <see cref="AzuriteFactAttribute"/>, with rows of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AzuriteTheoryAttribute : TheoryAttribute
{
    public AzuriteTheoryAttribute() => Skip = AzuriteFixture.SkipReason;
}
