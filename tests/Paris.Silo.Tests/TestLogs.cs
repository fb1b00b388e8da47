using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>Log lines as lines of a test's output.</summary>
internal sealed class TestLogs(ITestOutputHelper output, string silo) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new OutputLogger(output, silo, categoryName);

    public void Dispose()
    {
    }

    private sealed class OutputLogger(ITestOutputHelper output, string silo, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            try
            {
                output.WriteLine($"{TimeProvider.System.GetUtcNow():ss.fff} {silo} {category.Split('.')[^1]}: {formatter(state, exception)} {exception?.Message}");
            }
            catch (InvalidOperationException)
            {
                // The test is over; nobody reads it.
            }
        }
    }
}
