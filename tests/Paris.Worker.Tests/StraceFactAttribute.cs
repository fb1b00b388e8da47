using Xunit;

namespace Paris.Worker.Tests;

/// <summary>A test that needs strace; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StraceFactAttribute : FactAttribute
{
    public const string Path = "/usr/bin/strace";

    public StraceFactAttribute() => Skip = File.Exists(Path) ? null : "SKIP: strace is missing; run infra/setup.sh test";
}
