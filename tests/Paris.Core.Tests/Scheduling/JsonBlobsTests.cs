using Paris.Core.Scheduling;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class JsonBlobsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-json-").FullName;
    private readonly LocalBlobStore _store;

    public JsonBlobsTests() => _store = new LocalBlobStore(_folder, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0, 0.5)]
    public async Task AnImmutableBlobIsCreatedInSpiteOfFaults(double before, double after)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var faulty = new FaultyBlobStore(_store, seed, new BlobFaultOptions { ErrorBefore = before, ErrorAfter = after }, TimeProvider.System);
            var name = $"runs/r{seed}/spec.json";
            var failed = false;
            try
            {
                await JsonBlobs.CreateAsync(faulty, name, [1]);
            }
            catch (StorageFaultException)
            {
                failed = true;
            }

            Assert.Equal(failed, faulty.Faults == 4);
            Assert.Equal(!failed || after > 0, await _store.GetAsync(name) is not null);
        }
    }

    [Fact]
    public async Task WhatIsThereStays()
    {
        await JsonBlobs.CreateAsync(_store, "runs/a/spec.json", [1]);
        await JsonBlobs.CreateAsync(_store, "runs/a/spec.json", [2]);

        Assert.Equal([1], (await _store.GetAsync("runs/a/spec.json"))!.Bytes);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
