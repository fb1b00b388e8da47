using Paris.Core.Formats;

namespace Paris.Training.Tests;

/// <summary>The golden numbers: the folder named by PARIS_FIXTURES, else the copy under tests/fixtures.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Find();

    public static SafetensorsFile Open(string name) => SafetensorsFile.Open(Path.Combine(Folder, name));

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("PARIS_FIXTURES") is { Length: > 0 } named)
        {
            return named;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "fixtures");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException("There is no folder tests/fixtures above the test assembly, and PARIS_FIXTURES is not set.");
    }
}
