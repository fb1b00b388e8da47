using System.Text.Json.Nodes;
using System.Xml.Linq;
using Paris.Core.Specs;
using Xunit;

namespace Paris.Core.Tests.Specs;

public sealed class RunSpecSchemaTests
{
    /// <summary>To write the file anew after a change of the records: PARIS_WRITE_SCHEMA=1 dotnet test tests/Paris.Core.Tests.</summary>
    [Fact]
    public void ShippedSchemaIsTheGeneratedOne()
    {
        var schema = Generate();
        var path = Path.Combine(Root(), "docs", "run-spec.schema.json");
        if (Environment.GetEnvironmentVariable("PARIS_WRITE_SCHEMA") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, schema);
        }

        Assert.Equal(File.ReadAllText(path), schema);
    }

    [Fact]
    public void SchemaSaysWhatTheReaderChecks()
    {
        var schema = JsonNode.Parse(Generate())!;
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Equal(["name", "data", "expert", "router"], schema["required"]!.AsArray().Select(name => (string)name!));
        var training = schema["properties"]!["autoencoder"]!["properties"]!["training"]!["properties"]!;
        Assert.Equal(["constant", "linear", "cosine"], training["schedule"]!["enum"]!.AsArray().Select(name => (string)name!));
        Assert.Equal(0, (double)training["learningRate"]!["exclusiveMinimum"]!);
        Assert.Equal(1, (double)training["emaDecay"]!["exclusiveMaximum"]!);
        Assert.Equal(1, (int)training["steps"]!["minimum"]!);
        Assert.Equal(42, (int)schema["properties"]!["seed"]!["default"]!);
        Assert.Equal("The run's id: ^[a-z0-9](-?[a-z0-9]){0,62}$.", (string)schema["properties"]!["name"]!["description"]!);
        Assert.Equal(StrategyNames.All, schema["properties"]!["evaluation"]!["properties"]!["strategies"]!["items"]!["enum"]!.AsArray().Select(name => (string)name!));
    }

    private static string Generate() => RunSpecSchema.Generate(XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Paris.Core.xml")));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Paris.Orleans.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
