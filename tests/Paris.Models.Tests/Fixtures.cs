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

    /// <summary>
    /// A set that is other people's data and therefore not in the repository: in the folder that PARIS_FIXTURES names, else in
    /// <c>shared/fixtures</c> beside the checkout; null where there is none.
    /// </summary>
    public static string? FolderWith(string set)
    {
        if (Directory.Exists(Path.Combine(Folder, set)))
        {
            return Folder;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var beside = Path.Combine(folder.FullName, "shared", "fixtures");
            if (Directory.Exists(Path.Combine(beside, set)))
            {
                return beside;
            }
        }

        return null;
    }
}
