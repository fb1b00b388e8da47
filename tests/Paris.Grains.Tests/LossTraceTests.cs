using System.Text;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Grains.Tests;

public sealed class LossTraceTests
{
    [Fact]
    public void KeepsEveryPointWhileThereIsRoom()
    {
        var trace = new LossTrace(capacity: 8);
        for (var step = 1; step <= 8; step++)
        {
            trace.Add(step, step);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], trace.Take(int.MaxValue).Select(x => x.Step));
        Assert.Equal([(4, 2.5), (8, 6.5)], trace.Take(2).Select(x => (x.Step, x.Value)));
        Assert.Empty(trace.Take(0));
    }

    [Fact]
    public void SpansTheWholeTrainingInBoundedMemory()
    {
        var trace = new LossTrace(capacity: 64);
        for (var step = 1; step <= 100_000; step++)
        {
            trace.Add(step, step);
        }

        var points = trace.Take(int.MaxValue);
        Assert.InRange(points.Length, 32, 64);
        Assert.True(points[^1].Step == 100_000 && points[0].Step < 5_000);
        Assert.True(points.Zip(points.Skip(1)).All(x => x.First.Step < x.Second.Step && x.First.Value < x.Second.Value));
    }

    [Fact]
    public void AResumeCutsWhatIsDoneAgain()
    {
        var trace = new LossTrace();
        foreach (var step in (int[])[1, 2, 3, 4])
        {
            trace.Add(step, 1);
        }

        trace.Add(3, 9);
        trace.Add(4, double.NaN);
        Assert.Equal([(1, 1), (2, 1), (3, 9)], trace.Take(10).Select(x => (x.Step, x.Value)));
    }

    [Fact]
    public async Task ReadsTheTracesOfAllEpochsAndForgivesATornLine()
    {
        var folder = Directory.CreateTempSubdirectory("paris-grains-tests-").FullName;
        try
        {
            var store = new LocalBlobStore(folder, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
            var job = JobId.ForExpert("demo", 0);
            async Task Put(string name, string text) => await store.PutAsync(job.Folder + name, Encoding.UTF8.GetBytes(text), PutCondition.Always);
            await Put("loss-e1.jsonl", "{\"from\":0}\n{\"step\":1,\"loss\":4}\n{\"step\":2,\"loss\":3}\n{\"step\":3,\"lo");
            await Put("loss-e2.jsonl", "{\"step\":2,\"loss\":2.5}\n{\"step\":3,\"loss\":2}\n");
            await Put("loss-e10.jsonl", "{\"step\":4,\"loss\":1}\n");

            var trace = await LossTrace.ReadAsync(store, job);
            Assert.Equal([(1, 4), (2, 2.5), (3, 2), (4, 1)], trace.Take(10).Select(x => (x.Step, x.Value)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
