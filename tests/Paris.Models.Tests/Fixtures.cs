namespace Paris.Models.Tests;

/// <summary>The golden fixtures: the folder that PARIS_FIXTURES names, else the copy in the repository.</summary>
internal static class Fixtures
{
    public static string Folder { get; } = Find();

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("PARIS_FIXTURES") is { Length: > 0 } named)
        {
            return named;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var fixtures = Path.Combine(folder.FullName, "tests", "fixtures");
            if (Directory.Exists(fixtures))
            {
                return fixtures;
            }
        }

        throw new DirectoryNotFoundException("tests/fixtures was not found above the test's folder; set PARIS_FIXTURES.");
    }
}
