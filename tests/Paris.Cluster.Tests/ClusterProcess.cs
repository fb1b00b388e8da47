using System.Diagnostics;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>A program of the cluster, leader of a process group of its own, so that a signal reaches it alone or with its workers.</summary>
internal sealed class ClusterProcess : IDisposable
{
    private readonly Process _process;
    private readonly ITestOutputHelper _output;
    private readonly List<(DateTimeOffset At, string Line)> _lines = [];

    public ClusterProcess(ITestOutputHelper output, string name, string program, IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments)
    {
        (_output, Name) = (output, name);
        var info = new ProcessStartInfo("setsid", ["dotnet", program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment)
        {
            info.Environment[key] = value;
        }

        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Say(line.Data);
        _process.ErrorDataReceived += (_, line) => Say(line.Data);
        AppDomain.CurrentDomain.ProcessExit += KillAll;
        StartedAt = TimeProvider.System.GetUtcNow();
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public DateTimeOffset StartedAt { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Once it has exited; 128 + n after a signal n.</summary>
    public int ExitCode => _process.ExitCode;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines.Select(x => x.Line)];
            }
        }
    }

    /// <summary>When a line with this text came; null if none did.</summary>
    public DateTimeOffset? SaidAt(string text)
    {
        lock (_lines)
        {
            return _lines.Where(x => x.Line.Contains(text, StringComparison.Ordinal)).Select(x => (DateTimeOffset?)x.At).FirstOrDefault();
        }
    }

    public void Send(Signal signal) => Signals.Send(_process.Id, signal);

    /// <summary>To the process and all its workers.</summary>
    public void SendToGroup(Signal signal) => Signals.Send(-_process.Id, signal);

    public Task WaitForExitAsync(TimeSpan limit) => _process.WaitForExitAsync().WaitAsync(limit);

    public void Dispose()
    {
        KillAll(this, EventArgs.Empty);
        _process.WaitForExit();
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        _process.Dispose();
    }

    private void KillAll(object? sender, EventArgs e) => SendToGroup(Signal.Kill);

    private void Say(string? line)
    {
        if (line is null)
        {
            return;
        }

        var at = TimeProvider.System.GetUtcNow();
        lock (_lines)
        {
            _lines.Add((at, line));
        }

        try
        {
            _output.WriteLine($"{at:mm:ss.fff} {Name}: {line}");
        }
        catch (InvalidOperationException)
        {
            // The test is over; nobody reads it.
        }
    }
}
