using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

public sealed class BatchLoaderTests
{
    [Fact]
    public void Batches_come_in_order_and_again_after_a_restart()
    {
        using var loader = new BatchLoader(new Numbers(), step: 5);
        for (var step = 5; step < 12; step++)
        {
            Expect(loader, step);
        }

        loader.Restart(6);
        for (var step = 6; step < 9; step++)
        {
            Expect(loader, step);
        }

        // Also while a batch is out.
        var held = loader.Take();
        loader.Restart(0);
        loader.Return(held);
        Expect(loader, 0);
    }

    [Fact]
    public void A_fault_of_the_source_reaches_the_trainer()
    {
        using var loader = new BatchLoader(new Numbers { FailAt = 2 }, step: 0);
        Assert.Throws<InvalidDataException>(() =>
        {
            for (var step = 0; step < 5; step++)
            {
                Expect(loader, step);
            }
        });
    }

    private static void Expect(BatchLoader loader, long step)
    {
        var batch = loader.Take();
        Assert.Equal(step, batch.Step);
        Assert.Equal(step, batch.InputOf(1)[0]);
        loader.Return(batch);
    }

    private sealed class Numbers : IBatchSource
    {
        public long FailAt { get; init; } = -1;

        public int BatchSize => 2;

        public TrainingBatch Allocate() => new(2, [3], null);

        public void Fill(long step, TrainingBatch batch)
        {
            if (step == FailAt)
            {
                throw new InvalidDataException("shard gone");
            }

            batch.InputOf(1).Fill(step);
        }
    }
}
