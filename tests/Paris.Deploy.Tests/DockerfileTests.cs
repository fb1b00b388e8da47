using System.Text.RegularExpressions;

namespace Paris.Deploy.Tests;

/// <summary>What of the images can be checked where no image can be built.</summary>
public sealed class DockerfileTests
{
    private static readonly string _text = File.ReadAllText(Path.Combine(Repository.Root, "infra", "docker", "Dockerfile"));

    // Instructions with their continuation lines joined, comments gone.
    private static readonly string[] _lines = [.. Regex.Replace(Regex.Replace(_text, "^#.*$", "", RegexOptions.Multiline), @"\\\n", " ").Split('\n').Where(x => x.Trim().Length > 0)];

    [Fact]
    public void TheLinterIsSilent()
    {
        var script = $$"""
            const { createRequire } = require("node:module");
            const { validate } = createRequire({{System.Text.Json.JsonSerializer.Serialize(Path.Combine(Repository.KubernetesTools, "package.json"))}})("dockerfile-utils");
            for (const problem of validate(require("node:fs").readFileSync(0, "utf8"), {})) console.log(`line ${problem.range.start.line + 1}: ${problem.message}`);
            """;

        Assert.Equal("", Lint(script, _text));
        Assert.Contains("line 1:", Lint(script, "FORM scratch\n"));
    }

    [Fact]
    public void EveryCopiedSourceIsThere()
    {
        var copied = _lines.Where(x => x.StartsWith("COPY ", StringComparison.Ordinal) && !x.Contains("--from=")).SelectMany(x => x.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..^1]).ToArray();

        Assert.NotEmpty(copied);
        var ignored = File.ReadAllLines(Path.Combine(Repository.Root, "infra", "docker", "Dockerfile.dockerignore"));
        Assert.Equal("*", ignored.First(x => x.Length > 0 && x[0] != '#'));
        Assert.All(copied, x =>
        {
            Assert.True(Path.Exists(Path.Combine(Repository.Root, x)), x);
            Assert.Contains("!" + x, ignored);
        });
    }

    [Fact]
    public void EveryProgramIsOneThatTheBuildMakes()
    {
        var published = Regex.Match(_text, "for project in ([^;]+);").Groups[1].Value.Split(' ');
        Assert.All(published, x => Assert.True(File.Exists(Path.Combine(Repository.Root, "src", x, $"{x}.csproj")), x));

        // Entry points and the chart's commands name files that a COPY put there.
        var places = Regex.Matches(_text, @"COPY --from=build /out/(\S+)/ (\S+)/").ToDictionary(x => x.Groups[2].Value, x => x.Groups[1].Value);
        Assert.Equal(published.Order(), places.Values.Order());
        var named = Regex.Matches(_text, @"/app/\w+/[\w.]+\.dll").Concat(Regex.Matches(Rendered.Of("everything").Text, @"/app/\w+/[\w.]+\.dll")).Select(x => x.Value).Distinct().ToArray();
        Assert.Equal(3, named.Length);
        Assert.All(named, x => Assert.Equal($"{places[Path.GetDirectoryName(x)!]}.dll", Path.GetFileName(x)));
    }

    [Fact]
    public void BasesArePinnedAndNothingRunsAsRoot()
    {
        string[] targets = ["gateway", "silo-cpu", "silo-cuda"];
        var stages = Regex.Matches(_text, @"^FROM (\S+) AS (\S+)$", RegexOptions.Multiline).ToDictionary(x => x.Groups[2].Value, x => x.Groups[1].Value);
        Assert.All(stages.Values.Where(x => !stages.ContainsKey(x)), x => Assert.Matches(@"^mcr\.microsoft\.com/dotnet/(sdk|aspnet):\$\{DOTNET_VERSION\}-\$\{DISTRIBUTION\}$", x));
        Assert.Matches(@"^ARG DOTNET_VERSION=10\.0(\.\d+)?$", _lines[0]);
        Assert.All(targets, x => Assert.Contains(x, stages.Keys));

        // The last USER of each target's chain of stages is a number, as runAsNonRoot wants it.
        Assert.All(targets, target =>
        {
            for (var stage = target; stages.ContainsKey(stage); stage = stages[stage])
            {
                var body = Regex.Match(_text, $@"^FROM \S+ AS {stage}$(.*?)(?=^FROM |\z)", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;
                if (Regex.Matches(body, @"^USER (\S+)$", RegexOptions.Multiline) is { Count: > 0 } users)
                {
                    Assert.Equal("10001:10001", users[^1].Groups[1].Value);
                    return;
                }
            }

            Assert.Fail($"{target} runs as root");
        });
        Assert.DoesNotMatch("(?i)(password|secret|token|accountkey)=", _text);
    }

    private static string Lint(string script, string dockerfile)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, dockerfile);
            var (code, output) = Repository.Run("node", ["-e", script.Replace("readFileSync(0,", $"readFileSync({System.Text.Json.JsonSerializer.Serialize(file)},")]);
            Assert.True(code == 0, output);
            return output;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
