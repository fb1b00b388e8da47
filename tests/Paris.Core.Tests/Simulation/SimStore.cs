using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;

namespace Paris.Core.Tests.Simulation;

/// <summary>The store itself: looks at every write as it takes place.</summary>
internal sealed class SimStore : MemoryBlobStore
{
    private readonly Dictionary<string, HeadChecks> _folders = [];

    /// <summary>Called after every accepted write of a head with the head before it.</summary>
    public Action<JobId, JobHead?, JobHead> HeadWritten { get; set; } = (_, _, _) => { };

    public IEnumerable<HeadChecks> Jobs => _folders.Values;

    public HeadChecks Of(JobId job)
    {
        if (!_folders.TryGetValue(job.Folder, out var checks))
        {
            _folders[job.Folder] = checks = new HeadChecks(job, Blobs);
        }

        return checks;
    }

    protected override void OnPut(BlobContent? former, BlobContent current)
    {
        var name = current.Info.Name;
        var folder = name[..(name.LastIndexOf('/') + 1)];
        if (!_folders.TryGetValue(folder, out var checks))
        {
            return;
        }

        if (name.EndsWith("/head.json", StringComparison.Ordinal))
        {
            var head = JsonSerializer.Deserialize<JobHead>(current.Bytes, WorkerProtocol.Json)!;
            var before = checks.Head;
            checks.Write(head);
            HeadWritten(checks.Job, before, head);
        }
        else
        {
            checks.WriteBlob(name, former is not null);
        }
    }

    protected override void OnDelete(BlobContent former)
    {
        var name = former.Info.Name;
        if (_folders.TryGetValue(name[..(name.LastIndexOf('/') + 1)], out var checks))
        {
            checks.Delete(name);
        }
    }
}
