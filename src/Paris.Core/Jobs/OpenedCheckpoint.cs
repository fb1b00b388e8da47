namespace Paris.Core.Jobs;

/// <summary>A checkpoint whose hash held, ready to be read.</summary>
/// <param name="Entry">What the head says of it.</param>
/// <param name="Content">All of it, seekable, at its beginning. A large one is a temporary file that is gone once this is disposed.</param>
public sealed record OpenedCheckpoint(CheckpointEntry Entry, Stream Content) : IDisposable
{
    public void Dispose() => Content.Dispose();
}
