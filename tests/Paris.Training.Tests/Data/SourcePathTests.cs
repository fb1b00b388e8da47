using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class SourcePathTests : IDisposable
{
    private readonly SourceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Paths_and_file_uris_are_read_below_the_allowed_folders()
    {
        var path = _files.Write("allowed/a", [1]);
        var allowed = Path.Combine(_files.Folder, "allowed");

        Assert.Equal(path, SourcePath.Resolve(path, "data.images", null));
        Assert.Equal(path, SourcePath.Resolve(path, "data.images", [allowed]));
        Assert.Equal(path, SourcePath.Resolve("file://" + path, "data.images", [allowed + "/"]));
        Assert.Equal(path, SourcePath.Resolve("file:" + path, "data.images", [allowed]));
        Assert.Equal(path, SourcePath.Resolve(Path.Combine(allowed, "..", "allowed", "a"), "data.images", [allowed]));
    }

    [Fact]
    public void Nothing_outside_the_allowed_folders_is_read()
    {
        var outside = _files.Write("allowed-not/a", [1]);
        var allowed = Path.Combine(_files.Folder, "allowed");
        Directory.CreateDirectory(allowed);
        var link = Path.Combine(allowed, "link");
        File.CreateSymbolicLink(link, outside);
        var folderLink = Path.Combine(allowed, "folder");
        Directory.CreateSymbolicLink(folderLink, Path.GetDirectoryName(outside)!);

        Expect(outside, "outside");
        Expect(Path.Combine(allowed, "..", "allowed-not", "a"), "outside");
        Expect(link, "outside");
        Expect(Path.Combine(folderLink, "a"), "outside");

        // No folder is another thing than any folder.
        Assert.Contains("(none is)", Assert.Throws<ParisInputException>(() => SourcePath.Resolve(outside, "data.images", [])).Message, StringComparison.Ordinal);

        // The same links are fine where the target is allowed.
        Assert.Equal(outside, SourcePath.Resolve(link, "data.images", [Path.GetDirectoryName(outside)!]));

        void Expect(string path, string message)
            => Assert.Contains(message, Assert.Throws<ParisInputException>(() => SourcePath.Resolve(path, "data.images", [allowed])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "data.images is empty")]
    [InlineData("/nowhere/at/all", "there is no file or folder '/nowhere/at/all'")]
    [InlineData("https://example.org/x", "scheme")]
    public void Bad_values_are_named(string value, string message)
        => Assert.Contains(message, Assert.Throws<ParisInputException>(() => SourcePath.Resolve(value, "data.images", null)).Message, StringComparison.Ordinal);
}
