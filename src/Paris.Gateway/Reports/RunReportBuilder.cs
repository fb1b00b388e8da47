using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway.Api;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Reports;

/// <summary>Builds a run's report from the results its jobs left in the store, and from nothing else.</summary>
public static class RunReportBuilder
{
    /// <summary>The report as far as the run is, about the revision of the ensemble in use; jobs without a result are left out.</summary>
    /// <exception cref="ApiException">There is no such run.</exception>
    public static async Task<RunReport> BuildAsync(IBlobStore store, string run, CancellationToken cancellationToken = default)
    {
        var spec = await ReadSpecAsync(store, run, cancellationToken);
        var ensemble = (await EnsembleHistory.ReadAsync(store, spec, cancellationToken)).Current;
        int[] numbers = [.. ensemble.Members.Select(x => x.Expert)];
        var results = new List<(JobResult Result, JobHead Head)>();
        await foreach (var job in JobsAsync(store, ensemble, run, cancellationToken))
        {
            if (await JobFence.ReadResultAsync(store, job, cancellationToken) is { } result
                && await JobFence.ReadHeadAsync(store, job, cancellationToken) is { } head)
            {
                results.Add((result with { Job = job }, head));
            }
        }

        var shares = Shares(Metrics(results, JobKind.Partition), numbers);
        if (shares.Count == 0)
        {
            shares = Shares(Metrics(results, JobKind.Assign), numbers);
        }

        var evaluations = results.Where(r => r.Result.Job.Kind == JobKind.Evaluate).Select(r => r.Result).ToArray();
        var rows = evaluations
            .Where(e => e.Metrics.ContainsKey("frechet"))
            .Select(e => Row(e, shares, numbers))
            .OrderBy(r => r.Distance)
            .ThenBy(r => r.Strategy, StringComparer.Ordinal)
            .ToArray();
        var experts = new List<ExpertRow>();
        foreach (var (result, head) in results.Where(r => r.Result.Job.Kind == JobKind.TrainExpert))
        {
            var (first, last) = await LossEndsAsync(store, result.Job, cancellationToken);
            experts.Add(Expert(result, head, shares.Count == 0 ? null : shares[Array.IndexOf(numbers, result.Job.Expert)]) with { FirstLoss = first, LastLoss = last });
        }

        var router = results.Where(r => r.Result.Job.Kind == JobKind.TrainRouter).Select(r => Router(r.Result)).FirstOrDefault();
        var report = new RunReport
        {
            Run = run,
            Seed = spec.Seed,
            Version = typeof(RunReportBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
            Data = spec.Import?.Dataset ?? Path.GetFileName(spec.Data.Images.TrimEnd('/')),
            Images = Count(evaluations, "images", spec.Evaluation.Images),
            Reference = Count(evaluations, "reference", spec.Evaluation.Reference),
            RealDistance = evaluations.Select(e => Find(e.Metrics, "frechet.real")).FirstOrDefault(v => v is not null),
            RealImages = Count(evaluations, "frechet.real.images", spec.Evaluation.Images),
            Strategies = rows,
            Experts = [.. experts.OrderBy(e => e.Expert)],
            Router = router,
            Jobs = [.. results.Select(r => new JobRow(Short(r.Result.Job), r.Result.Seconds, r.Head.Epoch, r.Result.Metrics, r.Result.Facts))],
            Classes = spec.Data.Classes,
            Clusters = numbers,
            ClusterShares = shares,
            Pictures = [.. results.SelectMany(r => Pictures(r.Result))],
        };
        return report with { Findings = RunFindings.Of(report) };
    }

    internal static async Task<RunSpec> ReadSpecAsync(IBlobStore store, string run, CancellationToken cancellationToken)
    {
        var blob = await store.GetAsync($"runs/{run}/spec.json", cancellationToken)
            ?? throw ApiException.NotFound($"There is no run '{run}'; 'paris runs' lists them.");
        return RunSpecJson.Read(blob.Bytes, blob.Info.Name);
    }

    // The jobs of the ensemble in the order of the line, then the evaluations and samples that were asked for later.
    private static async IAsyncEnumerable<JobId> JobsAsync(IBlobStore store, EnsembleRevision ensemble, string run, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var kind in Enum.GetValues<JobKind>())
        {
            switch (kind)
            {
                case JobKind.TrainExpert:
                    foreach (var member in ensemble.Members)
                    {
                        yield return member.Job(run);
                    }

                    break;
                case JobKind.Partition or JobKind.TrainRouter:
                    yield return new JobId(run, kind, Revision: kind == JobKind.Partition ? ensemble.Partition : ensemble.Router);
                    break;
                case JobKind.Evaluate or JobKind.Sample:
                    foreach (var job in await ListAsync(store, run, kind, cancellationToken))
                    {
                        // The twin is no part of any revision.
                        if (kind == JobKind.Sample || job.Revision == ensemble.Revision || job.Part == StrategyNames.Twin)
                        {
                            yield return job;
                        }
                    }

                    break;
                default:
                    yield return new JobId(run, kind);
                    break;
            }
        }
    }

    /// <summary>The evaluations or samples that the store knows, of every revision.</summary>
    internal static async Task<IReadOnlyList<JobId>> ListAsync(IBlobStore store, string run, JobKind kind, CancellationToken cancellationToken)
    {
        var folder = kind == JobKind.Evaluate ? $"runs/{run}/evaluation/" : $"runs/{run}/samples/";
        var jobs = new List<JobId>();
        await foreach (var blob in store.ListAsync(folder, cancellationToken))
        {
            var name = blob.Name[folder.Length..];
            if (name.EndsWith("/head.json", StringComparison.Ordinal) && name.Count(c => c == '/') == 1)
            {
                jobs.Add(JobId.OfLabel(run, kind, name[..^"/head.json".Length]));
            }
        }

        return jobs;
    }

    private static StrategyRow Row(JobResult result, IReadOnlyList<double> trained, int[] experts)
    {
        var clusters = result.Job.Part == StrategyNames.Twin ? Series(result.Metrics, "share.cluster.") : Shares(result.Metrics, experts);
        return new StrategyRow(
            result.Job.Part,
            result.Metrics["frechet"],
            Series(result.Metrics, "share.class."),
            clusters,
            Find(result.Metrics, "experts.per.step") ?? 1,
            Find(result.Metrics, "samples.per.second"),
            Find(result.Metrics, "router.seconds"))
        {
            ClusterShareError = clusters.Count > 0 && clusters.Count == trained.Count ? clusters.Zip(trained, (a, b) => Math.Abs(a - b)).Sum() : null,
        };
    }

    private static ExpertRow Expert(JobResult result, JobHead head, double? share)
    {
        return new ExpertRow(
            result.Job.Expert,
            share,
            null,
            null,
            (long)(Find(result.Metrics, "steps") ?? head.Step),
            result.Seconds,
            result.Facts.TryGetValue("weights-sha256", out var sha) ? sha : result.Outputs.TryGetValue("model", out var model) ? model.Sha256 : null);
    }

    /// <summary>Mean loss of the first and of the last twentieth of the recorded steps, over all epochs.</summary>
    private static async Task<(double? First, double? Last)> LossEndsAsync(IBlobStore store, JobId job, CancellationToken cancellationToken)
    {
        var losses = new SortedDictionary<long, double>();
        var prefix = job.Folder + "loss-e";
        var epochs = new List<(int Epoch, string Name)>();
        await foreach (var blob in store.ListAsync(prefix, cancellationToken))
        {
            if (blob.Name.EndsWith(".jsonl", StringComparison.Ordinal) && int.TryParse(blob.Name[prefix.Length..^".jsonl".Length], out var epoch))
            {
                epochs.Add((epoch, blob.Name));
            }
        }

        foreach (var (_, name) in epochs.Order())
        {
            // A later epoch repeats what came after its start, and is the one that counts.
            var text = await store.GetAsync(name, cancellationToken);
            foreach (var line in System.Text.Encoding.UTF8.GetString(text?.Bytes ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (Point(line) is var (step, loss))
                {
                    losses[step] = loss;
                }
            }
        }

        var few = Math.Max(1, losses.Count / 20);
        return losses.Count == 0 ? (null, null) : (losses.Values.Take(few).Average(), losses.Values.TakeLast(few).Average());
    }

    private static (long Step, double Loss)? Point(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("step", out var step) && document.RootElement.TryGetProperty("loss", out var loss) && loss.ValueKind == JsonValueKind.Number
                ? (step.GetInt64(), loss.GetDouble())
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal static RouterRow Router(JobResult result)
        => new(
            [.. result.Metrics
                .Where(m => m.Key.StartsWith("accuracy.t", StringComparison.Ordinal))
                .Select(m => new AccuracyPoint(double.Parse(m.Key["accuracy.t".Length..], CultureInfo.InvariantCulture), m.Value))
                .OrderBy(p => p.T)],
            Find(result.Metrics, "prior.l1"),
            result.Seconds);

    private static IEnumerable<ReportPicture> Pictures(JobResult result)
    {
        var kind = result.Job.KindName;
        foreach (var (role, blob) in result.Outputs.Where(o => o.Value.Name.EndsWith(".png", StringComparison.Ordinal)).OrderBy(o => o.Key, RunPictures.ByNumber))
        {
            var file = result.Job.Kind switch
            {
                JobKind.Evaluate or JobKind.Sample => $"{role}-{result.Job.Label}.png",
                JobKind.Assign => $"{role}.png",
                _ => result.Job.Label.Length == 0 ? $"{kind}-{role}.png" : $"{kind}-{result.Job.Label}-{role}.png",
            };
            var caption = result.Job.Kind == JobKind.Assign ? role.Replace("sheet-", "cluster ", StringComparison.Ordinal)
                : result.Job.Part.Length == 0 ? $"{kind}: {role}"
                : role == "grid" ? result.Job.Part
                : $"{result.Job.Part}: {role}";
            yield return new ReportPicture(blob.Name, Plain(file), RunPictures.Kind(kind, role), caption);
        }
    }

    private static string Plain(string file) => string.Concat(file.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' ? c : '-'));

    private static IReadOnlyDictionary<string, double> Metrics(IEnumerable<(JobResult Result, JobHead Head)> results, JobKind kind)
        => results.Where(r => r.Result.Job.Kind == kind).Select(r => r.Result.Metrics).FirstOrDefault() ?? new Dictionary<string, double>();

    /// <summary>The values of <c>{prefix}0</c>, <c>{prefix}1</c> … in order.</summary>
    private static IReadOnlyList<double> Series(IReadOnlyDictionary<string, double> metrics, string prefix)
    {
        var values = new List<double>();
        while (metrics.TryGetValue(prefix + values.Count.ToString(CultureInfo.InvariantCulture), out var value))
        {
            values.Add(value);
        }

        return values;
    }

    /// <summary>The clusters' shares in the order of the experts, of all of them together; empty when one is missing.</summary>
    private static IReadOnlyList<double> Shares(IReadOnlyDictionary<string, double> metrics, int[] experts)
    {
        double?[] shares = [.. experts.Select(k => Find(metrics, "share.cluster." + k.ToString(CultureInfo.InvariantCulture)))];

        // The partition may hold the cluster of a removed expert too.
        var sum = shares.Sum();
        return shares.Any(x => x is null) ? [] : [.. shares.Select(x => sum < 0.999 ? x!.Value / sum!.Value : x!.Value)];
    }

    private static double? Find(IReadOnlyDictionary<string, double> metrics, string name) => metrics.TryGetValue(name, out var value) ? value : null;

    private static int Count(IEnumerable<JobResult> results, string metric, int otherwise)
        => (int)(results.Select(r => Find(r.Metrics, metric)).FirstOrDefault(v => v is not null) ?? otherwise);

    private static string Short(JobId job) => job.Label.Length == 0 ? job.KindName : $"{job.KindName}/{job.Label}";
}
