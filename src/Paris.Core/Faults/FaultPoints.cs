using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Paris.Core.Faults;

/// <summary>
/// Makes things go wrong at named places, when a test or the environment asks for it: <c>PARIS_FAULTS=NAME[@SUBJECT]:ACTION[:COUNT],…</c>. Off,
/// a place costs the reading of one field.
/// </summary>
public static class FaultPoints
{
    /// <summary>The variable that arms faults in a process that calls <see cref="ArmFromEnvironment"/>.</summary>
    public const string Variable = "PARIS_FAULTS";

    /// <summary>
    /// A folder in which processes that share <see cref="Variable"/> count together, so that <c>kill:1</c> kills one worker and not also the
    /// one that replaces it. Unset: every process counts for itself.
    /// </summary>
    public const string CountVariable = "PARIS_FAULTS_COUNT";

    private static readonly Lock _gate = new();
    private static Armed[]? _armed;
    private static bool _environmentRead;

    /// <summary>Whether any fault is armed.</summary>
    public static bool On => Volatile.Read(ref _armed) is not null;

    /// <summary>A place where something may go wrong, on a thread that may be held up.</summary>
    /// <param name="point">Where.</param>
    /// <param name="subject">Whose: a job's key, or a silo's name.</param>
    /// <exception cref="FaultInjectedException">That was asked for.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Hit(FaultPoint point, string subject)
    {
        if (On)
        {
            HitArmedAsync(point, subject).GetAwaiter().GetResult();
        }
    }

    /// <summary>A place where something may go wrong, in code that awaits.</summary>
    /// <inheritdoc cref="Hit"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Task HitAsync(FaultPoint point, string subject) => On ? HitArmedAsync(point, subject) : Task.CompletedTask;

    /// <summary>Arms a fault until the returned object is disposed.</summary>
    public static IDisposable Arm(FaultRule rule)
    {
        var armed = new Armed(rule, null);
        lock (_gate)
        {
            _armed = [.. _armed ?? [], armed];
        }

        return armed;
    }

    /// <summary>Arms what the environment asks for, for the life of the process. Called by programs that have fault points; the first call counts.</summary>
    /// <exception cref="ParisInputException">The variable names something that does not exist.</exception>
    public static void ArmFromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
        {
            return;
        }

        var folder = Environment.GetEnvironmentVariable(CountVariable);
        var rules = FaultRule.Parse(text);
        lock (_gate)
        {
            if (_environmentRead)
            {
                return;
            }

            _environmentRead = true;
            _armed = [.. _armed ?? [], .. rules.Select(x => new Armed(x, folder))];
        }
    }

    private static async Task HitArmedAsync(FaultPoint point, string subject)
    {
        foreach (var armed in Volatile.Read(ref _armed) ?? [])
        {
            if (armed.Rule.Point != point || !subject.StartsWith(armed.Rule.Subject, StringComparison.Ordinal) || !armed.Take())
            {
                continue;
            }

            await Console.Error.WriteLineAsync($"Fault point {FaultRule.NameOf(point)} of {subject}: {armed.Rule.Action.ToString().ToLowerInvariant()}.").ConfigureAwait(false);
            switch (armed.Rule.Action)
            {
                case FaultAction.Throw:
                    throw new FaultInjectedException(point, subject);
                case FaultAction.Kill:
                    Process.GetCurrentProcess().Kill();
                    break;
            }

            var wait = armed.Rule.Action == FaultAction.Delay ? TimeSpan.FromSeconds(armed.Rule.Seconds) : Timeout.InfiniteTimeSpan;
            await Task.Delay(wait).ConfigureAwait(false);
        }
    }

    private sealed class Armed(FaultRule rule, string? folder) : IDisposable
    {
        private int _taken;

        public FaultRule Rule => rule;

        /// <summary>Whether it happens once more.</summary>
        public bool Take()
        {
            if (rule.Count is not { } count)
            {
                return true;
            }

            return folder is null ? Interlocked.Increment(ref _taken) <= count : Enumerable.Range(1, count).Any(TakeInFolder);
        }

        public void Dispose()
        {
            lock (_gate)
            {
                Armed[] left = [.. (_armed ?? []).Where(x => x != this)];
                _armed = left.Length > 0 ? left : null;
            }
        }

        /// <summary>The process that creates the file has this turn.</summary>
        private bool TakeInFolder(int number)
        {
            Directory.CreateDirectory(folder!);
            var name = string.Concat(rule.ToString().Select(c => char.IsLetterOrDigit(c) || c == '-' ? c : '_'));
            try
            {
                using var file = new FileStream(Path.Combine(folder!, string.Create(CultureInfo.InvariantCulture, $"{name}.{number}")), FileMode.CreateNew);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }
    }
}
