using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>What a job gets from its worker.</summary>
public sealed class JobContext
{
    private volatile bool _stopRequested;
    private volatile bool _checkpointRequested;
    private volatile string _stopReason = "";
    private EnsembleRevision? _ensemble;

    public required RunSpec Spec { get; init; }

    public required JobId Job { get; init; }

    /// <summary>The store as this job may see it: reads outside its own data are refused and counted.</summary>
    public required IBlobStore Store { get; init; }

    /// <summary>The revision of the ensemble that the job belongs to.</summary>
    public EnsembleRevision Ensemble => _ensemble ??= EnsembleOf(Job.Revision);

    /// <summary>Seed of what the job trains: the run's, or that of a later revision.</summary>
    public ulong Seed => EnsembleRevision.SeedOf(Spec.Seed, Job.Revision);

    /// <summary>This worker's ownership of the job; every commit goes through it.</summary>
    public required JobFence Fence { get; init; }

    public required IJobReporter Reporter { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Threads for tensor operations; part of the record that makes a resume bit-exact.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Parts into which a training cuts every micro-batch of its spec: 1, doubled after each end for want of memory.</summary>
    public int Split { get; init; } = 1;

    /// <summary>Folders below which <c>file:</c> sources may be read; null: all that this user may.</summary>
    public IReadOnlyList<string>? SourceRoots { get; init; }

    /// <summary>True once the silo asked the job to stop at its next boundary, or is gone.</summary>
    public bool StopRequested => _stopRequested;

    /// <summary>Why the job shall stop.</summary>
    public string StopReason => _stopReason;

    /// <summary>True while a requested checkpoint has not been taken yet.</summary>
    public bool CheckpointRequested => _checkpointRequested;

    /// <summary>Asks the job to commit and stop; called by the thread that reads the protocol.</summary>
    public void RequestStop(string reason)
    {
        _stopReason = reason;
        _stopRequested = true;
    }

    /// <summary>Asks the job for a checkpoint at its next boundary; called by the thread that reads the protocol.</summary>
    public void RequestCheckpoint() => _checkpointRequested = true;

    /// <summary>Takes the request for a checkpoint away: true for exactly one caller a request.</summary>
    public bool TakeCheckpointRequest()
    {
        if (!_checkpointRequested)
        {
            return false;
        }

        _checkpointRequested = false;
        return true;
    }

    /// <summary>For jobs without checkpoints: ends the job where nothing is half-written.</summary>
    /// <exception cref="StoppedException">A stop was requested.</exception>
    public void ThrowIfStopRequested()
    {
        if (_stopRequested)
        {
            throw new StoppedException($"Stopped on request: {_stopReason}.");
        }
    }

    /// <summary>Waits on the device thread for a call to the store; the exception is the call's own.</summary>
    public static void Await(Task task) => task.GetAwaiter().GetResult();

    /// <inheritdoc cref="Await(Task)"/>
    public static T Await<T>(Task<T> task) => task.GetAwaiter().GetResult();

    /// <summary>Writes a preview picture into the job's folder and reports it.</summary>
    /// <param name="png">A complete PNG file.</param>
    /// <param name="step">The step whose weights made it.</param>
    /// <param name="name">What it shows, when a job has several kinds.</param>
    /// <returns>The blob's name.</returns>
    public string PublishPreview(ReadOnlyMemory<byte> png, long step, string name = "preview")
    {
        var blob = $"{Job.Folder}previews/{name}-{step:D8}-e{Fence.Epoch}.png";
        Await(Store.PutAsync(blob, png, PutCondition.Always));
        Reporter.Preview(blob, step);
        return blob;
    }

    /// <summary>Opens another job's output as tensors; its SHA-256 is checked first.</summary>
    /// <exception cref="Paris.Core.ParisInputException">The blob is damaged or no safetensors file.</exception>
    public SafetensorsFile OpenTensors(BlobEntry entry)
        => SafetensorsFile.FromBytes(Await(ShardManifest.ReadVerifiedAsync(Store, entry.Name, entry.Sha256, default)), entry.Name);

    /// <summary>
    /// Reads another job's output of any size front to back, as <see cref="Paris.Models.WeightFile"/> does; its SHA-256 is taken on the way and
    /// compared at the end, so memory holds what <paramref name="read"/> keeps and nothing else.
    /// </summary>
    /// <param name="entry">The output.</param>
    /// <param name="read">Takes the tensors in the file's order.</param>
    /// <param name="verify">False reads without the hash: a blob that this process has verified before.</param>
    /// <exception cref="Paris.Core.ParisInputException">The blob is damaged or no safetensors file; what was read is not to be used.</exception>
    public void ReadTensors(BlobEntry entry, Action<SafetensorsFile> read, bool verify = true)
    {
        using var blob = Await(Store.OpenReadAsync(entry.Name));
        using var stream = new VerifyingStream(blob, entry.Bytes, verify ? entry.Sha256 : null, entry.Name);
        try
        {
            using var file = SafetensorsFile.FromStream(stream, entry.Name);
            read(file);
        }
        catch (Paris.Core.ParisInputException)
        {
            stream.Complete(); // that it is damaged says more than what the damage led to
            throw;
        }

        stream.Complete();
    }

    /// <summary>The names and shapes in another job's output; the tensors are not read, and nothing is verified.</summary>
    /// <exception cref="Paris.Core.ParisInputException">The blob is no safetensors file.</exception>
    public SafetensorsHeader ReadHeader(BlobEntry entry)
    {
        using var blob = Await(Store.OpenReadAsync(entry.Name));
        using var stream = new VerifyingStream(blob, entry.Bytes, null, entry.Name);
        using var file = SafetensorsFile.FromStream(stream, entry.Name);
        return file.Header;
    }

    /// <summary>A revision of the run's ensemble.</summary>
    /// <exception cref="Paris.Core.ParisInputException">There is none of this number.</exception>
    public EnsembleRevision EnsembleOf(int revision) => Await(EnsembleHistory.ReadRevisionAsync(Store, Spec, revision));

    /// <summary>The result of the job of another kind that this one builds on.</summary>
    /// <exception cref="Paris.Core.ParisInputException">That job has no result yet.</exception>
    public JobResult Require(JobKind kind, string part = "", int revision = 1) => Require(new JobId(Job.Run, kind, part, revision));

    /// <inheritdoc cref="Require(JobKind, string, int)"/>
    public JobResult Require(JobId id) => Await(JobFence.ReadResultAsync(Store, id))
        ?? throw new Paris.Core.ParisInputException($"{Job.Key} needs the result of {id.Key}, which is not finished; run that job first.");
}
