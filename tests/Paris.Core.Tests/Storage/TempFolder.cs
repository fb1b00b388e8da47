namespace Paris.Core.Tests.Storage;

/// <summary>A fresh folder, removed at the end.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("paris-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
