using System.Reflection;
using Xunit;

namespace Paris.Models.Tests.Torch;

/// <summary>A test that needs the official TorchSharp.dll.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OfficialAssemblyFactAttribute : FactAttribute
{
    public OfficialAssemblyFactAttribute()
    {
        if (Path is null)
        {
            Skip = "needs the official TorchSharp.dll, which not every feed carries: set PARIS_TORCHSHARP to its file";
        }
    }

    public static string? Path { get; } = Environment.GetEnvironmentVariable("PARIS_TORCHSHARP") is { Length: > 0 } path ? path
        : typeof(OfficialAssemblyFactAttribute).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(x => x.Key == "OfficialTorchSharp")?.Value;
}
