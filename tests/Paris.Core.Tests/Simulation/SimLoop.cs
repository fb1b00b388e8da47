using System.Globalization;
using Paris.Core.Random;

namespace Paris.Core.Tests.Simulation;

/// <summary>
/// Virtual time, one thread, one seed: events happen in the order of their times, and whatever they await continues inside a later event.
/// Nothing here reads a clock or a random number from elsewhere, so a seed replays exactly.
/// </summary>
internal sealed class SimLoop : TimeProvider
{
    private const int LogLines = 400;

    private readonly PriorityQueue<Action, (long At, long Order)> _events = new();
    private readonly string[] _log = new string[LogLines];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly PhiloxStream _random;
    private Exception? _failure;
    private long _logged;
    private long _now;
    private long _order;
    private ulong _fingerprint = 14695981039346656037UL;

    public SimLoop(ulong seed) => _random = new PhiloxKey(seed, RandomPurpose.Simulation, step: 2).Stream();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public double Now => (double)_now / TimeSpan.TicksPerSecond;

    public int Events { get; private set; }

    /// <summary>A hash of everything that was logged: equal for two runs of one seed.</summary>
    public ulong Fingerprint => _fingerprint;

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(_now);

    public double Between(double low, double high) => low + ((high - low) * _random.NextDouble());

    public int Below(int bound) => _random.NextInt(bound);

    public bool Chance(double share) => _random.NextDouble() < share;

    public T Pick<T>(IReadOnlyList<T> items) => items[_random.NextInt(items.Count)];

    /// <summary>Lets <paramref name="action"/> happen after <paramref name="seconds"/>; events of one time happen in the order of their making.</summary>
    public void After(double seconds, Action action)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            throw new InvalidOperationException("A continuation left the simulation's thread: it would not replay.");
        }

        _events.Enqueue(action, (_now + (long)(seconds * TimeSpan.TicksPerSecond), _order++));
    }

    /// <summary>Runs events until <paramref name="done"/>, or to the given time. Throws what <see cref="Fail"/> was told.</summary>
    public bool Run(double until, Func<bool> done)
    {
        var end = (long)(until * TimeSpan.TicksPerSecond);
        while (!done())
        {
            if (!_events.TryPeek(out _, out var next) || next.At > end)
            {
                _now = end;
                return false;
            }

            var action = _events.Dequeue();
            _now = next.At;
            Events++;
            action();
            if (_failure is not null)
            {
                throw _failure;
            }
        }

        return true;
    }

    /// <summary>The simulation ends after this event with this exception; the first one counts.</summary>
    public void Fail(Exception exception) => _failure ??= exception;

    public void Log(string line)
    {
        foreach (var c in line)
        {
            _fingerprint = (_fingerprint ^ c) * 1099511628211UL;
        }

        _fingerprint = (_fingerprint ^ (ulong)_now) * 1099511628211UL;
        _log[_logged++ % LogLines] = string.Create(CultureInfo.InvariantCulture, $"{Now,9:0.000} {line}");
    }

    /// <summary>The last lines of the log, oldest first.</summary>
    public string Tail(int lines)
    {
        var first = Math.Max(0, _logged - Math.Min(lines, LogLines));
        return string.Join('\n', Enumerable.Range(0, (int)(_logged - first)).Select(i => _log[(first + i) % LogLines]));
    }
}
