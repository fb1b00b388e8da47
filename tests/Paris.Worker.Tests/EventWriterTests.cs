using System.Text.Json;
using Paris.Core.Jobs;
using Xunit;

namespace Paris.Worker.Tests;

/// <summary>Nobody who has something to say waits for a silo that does not listen.</summary>
public sealed class EventWriterTests
{
    [Fact]
    public void Close_writes_what_was_said_in_its_order()
    {
        using var output = new MemoryStream();
        using var writer = new EventWriter(output);
        for (var step = 0; step < 500; step++)
        {
            writer.Write(new MetricEvent("loss", 0.5, step));
        }

        Assert.True(writer.Close(TimeSpan.FromMinutes(1)));
        Assert.Equal(Enumerable.Range(0, 500).Select(x => (long)x), Steps(output));
    }

    [Fact]
    public void A_silo_that_does_not_read_stops_nobody_and_gets_the_newest_lines_when_it_reads_again()
    {
        using var output = new FrozenStream();
        using var writer = new EventWriter(output);
        for (var step = 0; step < 3 * EventWriter.Capacity; step++)
        {
            writer.Write(new MetricEvent("loss", 0.5, step));
        }

        Assert.False(writer.Close(TimeSpan.FromMilliseconds(50)));
        output.Thaw();
        Assert.True(writer.Close(TimeSpan.FromMinutes(1)));
        var steps = Steps(output.Written).ToArray();
        Assert.Equal(3 * EventWriter.Capacity - 1, steps[^1]);
        Assert.InRange(steps.Length, EventWriter.Capacity, EventWriter.Capacity + 1);
        Assert.Equal(steps.Order(), steps);
    }

    [Fact]
    public void A_broken_pipe_and_words_after_the_end_are_no_errors()
    {
        using var writer = new EventWriter(new BrokenStream());
        for (var step = 0; step < 2 * EventWriter.Capacity; step++)
        {
            writer.Write(new MetricEvent("loss", 0.5, step));
        }

        Assert.True(writer.Close(TimeSpan.FromMinutes(1)));
        writer.Write(new CompletedEvent("late"));
    }

    private static IEnumerable<long> Steps(MemoryStream written)
        => System.Text.Encoding.UTF8.GetString(written.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => ((MetricEvent)JsonSerializer.Deserialize<WorkerEvent>(line, WorkerProtocol.Json)!).Step);

    private sealed class FrozenStream : MemoryStream
    {
        private readonly ManualResetEventSlim _thawed = new();

        public MemoryStream Written { get; } = new();

        public void Thaw() => _thawed.Set();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _thawed.Wait();
            Written.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("Broken pipe");
    }
}
