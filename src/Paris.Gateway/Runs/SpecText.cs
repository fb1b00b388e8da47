using Paris.Core.Specs;

namespace Paris.Gateway.Runs;

internal static class SpecText
{
    public static RunSpec Parse(string text, string source) => throw new NotImplementedException();
    public static string ToJson(RunSpec spec) => throw new NotImplementedException();
}
