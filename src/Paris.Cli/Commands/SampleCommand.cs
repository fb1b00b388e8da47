using System.CommandLine;
using System.Globalization;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary><c>paris sample</c></summary>
internal sealed class SampleCommand : ParisCommand
{
    private readonly Argument<string?> _run = CommonOptions.OptionalRun();
    private readonly Option<string?> _strategy = new("--strategy") { Description = $"How a step mixes the experts: {string.Join(", ", StrategyNames.All)} (default: cluster-first; with prompts top-2).", HelpName = "name" };
    private readonly Option<string[]> _prompts = new("--prompt", "-p") { Description = "What the images show, repeatable (runs with text): image i is drawn from prompt i mod P.", HelpName = "text" };
    private readonly Option<string?> _promptFile = new("--prompts") { Description = "A text file with further prompts, one a line.", HelpName = "file" };
    private readonly Option<int?> _count = CommonOptions.AtLeast(1, new Option<int?>("--count", "-n") { Description = "Images (default: 64; with prompts 4 a prompt).", HelpName = "n" });
    private readonly Option<ulong?> _seed = new("--seed") { Description = "Seed of the noise (default: the run's).", HelpName = "seed" };
    private readonly Option<int?> _steps = new("--steps") { Description = "Euler steps (default: the run's).", HelpName = "n" };
    private readonly Option<double?> _guidance = new("--guidance") { Description = "Guidance scale (default: the run's; needs experts with a condition).", HelpName = "scale" };
    private readonly Option<string> _out = new("--out", "-o") { Description = "Where the pictures and the routing trace go.", DefaultValueFactory = _ => ".", HelpName = "folder" };

    public SampleCommand(CliOutput output)
        : base(output, "sample", "Draw images with a run's experts; finished experts can be sampled while others still train.", "paris sample demo --strategy top-2 --count 64 --seed 7 --out pictures", "paris sample emoji --prompt \"a red heart\" --prompt \"a cat\" --steps 50 --guidance 7.5 -n 8")
    {
        Arguments.Add(_run);
        foreach (var option in (Option[])[_prompts, _promptFile, _strategy, _count, _seed, _steps, _guidance, _out])
        {
            Options.Add(option);
        }
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> prompts = [.. arguments.GetValue(_prompts) ?? [], .. arguments.GetValue(_promptFile) is { } file ? SamplePrompts.ReadFile(file) : []];
        var request = new SampleRequest
        {
            Strategy = arguments.GetValue(_strategy) ?? (prompts.Count > 0 ? "top-2" : "cluster-first"),
            Count = arguments.GetValue(_count) ?? (prompts.Count > 0 ? 4 * prompts.Count : 64),
            Prompts = prompts.Count > 0 ? prompts : null,
            Seed = arguments.GetValue(_seed),
            Steps = arguments.GetValue(_steps),
            Guidance = arguments.GetValue(_guidance),
        };
        request.Validate();
        using var client = Connect(arguments);
        var run = await RunNameAsync(client, arguments.GetValue(_run), cancellationToken);
        var sample = await client.SampleAsync(run, request, cancellationToken);
        while (sample.State is not ("completed" or "failed" or "quarantined" or "cancelled"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            sample = await client.GetSampleAsync(run, sample.Id, cancellationToken);
        }

        if (sample.State != "completed")
        {
            Output.Note($"paris: sampling {sample.State}{(sample.Message is null ? "" : $": {sample.Message}")}");
            return sample.BadInput ? CommandLine.BadInput : CommandLine.Failed;
        }

        var files = await SaveAsync(client, run, sample, arguments.GetValue(_out)!, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(new { run, sample.Id, files, sample.Metrics });
        }
        else
        {
            files.ForEach(Output.Line);
            if (sample.Metrics is { } metrics)
            {
                Output.Note(Told(metrics));
            }
        }

        return 0;
    }

    /// <summary>What the drawing took, in a line.</summary>
    private static string Told(IReadOnlyDictionary<string, double> metrics)
    {
        double Of(string name) => metrics.GetValueOrDefault(name);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Of("images"):N0} images, {Of("samples.per.second"):G3} a second, {Of("experts.per.step"):F1} experts a step, {Of("experts.reads"):N0} experts read, worker at most {Of("memory.peak.bytes") / (1 << 30):F1} GiB");
    }

    private static async Task<List<string>> SaveAsync(Client.GatewayClient client, string run, SampleView sample, string folder, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        foreach (var picture in sample.Pictures.Concat(sample.Files ?? []))
        {
            var path = Path.Combine(folder, $"{run}-{sample.Id}-{Path.GetFileName(picture)}");
            var bytes = await client.GetBlobAsync(run, picture, cancellationToken);
            try
            {
                Directory.CreateDirectory(folder);
                await File.WriteAllBytesAsync(path, bytes, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ParisInputException($"The folder '{folder}' cannot be written ({e.Message.TrimEnd('.')}); name another with --out.", e);
            }

            files.Add(path);
        }

        return files;
    }
}
