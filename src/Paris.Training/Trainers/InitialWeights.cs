using System.Globalization;
using Paris.Core;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>
/// The weights that a spec's <c>init</c> names, put into a model before its first step: expert k of another run (or its router, or its twin), or
/// what <c>paris import dit</c> made. What no tensor tells (heads, eps) is compared too, so that equal weights mean an equal model.
/// </summary>
public static class InitialWeights
{
    /// <summary>Loads an expert's.</summary>
    /// <param name="context">The job.</param>
    /// <param name="model">Filled; what the source lacks stays what it is.</param>
    /// <param name="spec">Model and <c>init</c>.</param>
    /// <param name="expert">The expert's number; <see cref="PhiloxKey.NoExpert"/> is the twin.</param>
    /// <returns>What was loaded; null: nothing, the weights stay random.</returns>
    /// <exception cref="ParisInputException">There is no such run, its model is not finished, or it does not fit.</exception>
    public static string? LoadExpert(JobContext context, DiTExpert model, TrainerSpec spec, int expert)
    {
        if (spec.Init is not { } init)
        {
            return null;
        }

        if (JobContext.Await(InitialModel.ReadAsync(context.Store, init)) is { } prepared)
        {
            Compare("expert.model", init, Facts(model.Shape), Facts(prepared));
            context.ReadTensors(prepared.Model, file => WeightFile.Load(model, file, optional: prepared.IsFresh));
            return $"{init} (from {prepared.Source}), SHA-256 {prepared.Model.Sha256}";
        }

        var (from, ensemble) = Run(context, init, "expert.init");
        if (expert == PhiloxKey.NoExpert)
        {
            var twin = new JobId(init, JobKind.TrainTwin);
            if (!from.Twin || JobContext.Await(JobFence.ReadHeadAsync(context.Store, twin)) is not { Result: not null })
            {
                context.Reporter.Log($"Run '{init}' has no trained twin: this twin starts from random weights.");
                return null;
            }

            return Load(context, model, twin, "expert.model", init, Facts(model.Shape), Facts(Shape(from, from.Expert.Model)));
        }

        if (ensemble.Members.FirstOrDefault(x => x.Expert == expert) is not { } member)
        {
            if (context.Job.Revision > 1)
            {
                context.Reporter.Log($"Run '{init}' has no expert {expert}: this one, added later, starts from random weights.");
                return null;
            }

            throw new ParisInputException(
                $"'expert.init' names run '{init}', which has no expert {expert} (it has {string.Join(", ", ensemble.Members.Select(x => x.Expert))}); set 'clustering.clusters' to {ensemble.Members.Count}.");
        }

        return Load(context, model, member.Job(init), "expert.model", init, Facts(model.Shape), Facts(Shape(from, from.ExpertOf(expert).Model)));
    }

    /// <summary>Loads a router's.</summary>
    /// <inheritdoc cref="LoadExpert"/>
    public static string? LoadRouter(JobContext context, DiTRouter model, TrainerSpec spec)
    {
        if (spec.Init is not { } init)
        {
            return null;
        }

        var (from, ensemble) = Run(context, init, "router.init");
        if (ensemble.Members.Count != model.Clusters)
        {
            throw new ParisInputException(
                $"'router.init' names run '{init}', whose router knows {ensemble.Members.Count} clusters, not {model.Clusters}; set 'clustering.clusters' to that, or leave 'router.init' out.");
        }

        return Load(context, model, new JobId(init, JobKind.TrainRouter, Revision: ensemble.Router), "router.model", init, Facts(model.Shape), Facts(Shape(from, from.Router.Model)));
    }

    private static (RunSpec Spec, EnsembleRevision Ensemble) Run(JobContext context, string run, string key)
    {
        var name = $"runs/{run}/spec.json";
        var blob = JobContext.Await(context.Store.GetAsync(name))
            ?? throw new ParisInputException($"'{key}' names '{run}', but {context.Store.Description} has no run{(key == "expert.init" ? " and nothing of 'paris import dit'" : "")} of this name.");
        var spec = RunSpecJson.Read(blob.Bytes, name).Resolve();
        return (spec, JobContext.Await(EnsembleHistory.ReadCurrentAsync(context.Store, spec)));
    }

    private static string Load(JobContext context, nn.Module model, JobId job, string key, string init, IReadOnlyDictionary<string, string> own, IReadOnlyDictionary<string, string> theirs)
    {
        Compare(key, init, own, theirs);
        var entry = JobContext.Await(JobFence.ReadResultAsync(context.Store, job))?.Outputs["model"]
            ?? throw new ParisInputException($"{context.Job.Key} starts from {job.Key}, which is not finished; wait for it, or name another run as 'init'.");
        context.ReadTensors(entry, file => WeightFile.Load(model, file));
        return $"{job.Key}, SHA-256 {entry.Sha256}";
    }

    private static DiTShape Shape(RunSpec spec, ModelSpec model)
    {
        var (channels, side) = spec.LatentShape();
        return DiTShape.From(model, channels, side);
    }

    private static Dictionary<string, string> Facts(DiTShape x) => Facts(x.Hidden, x.Layers, x.Heads, x.Patch, x.MlpHidden, x.NormEps, x.Channels, x.Side, x.Condition.ToString().ToLowerInvariant());

    private static Dictionary<string, string> Facts(InitialModel x) => Facts(x.Hidden, x.Layers, x.Heads, x.Patch, x.MlpHidden, x.NormEps, x.Channels, x.Side, null);

    private static Dictionary<string, string> Facts(int hidden, int layers, int heads, int patch, int mlp, double eps, int channels, int side, string? condition)
    {
        static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        Dictionary<string, string> facts = new()
        {
            ["hidden"] = Text(hidden),
            ["layers"] = Text(layers),
            ["heads"] = Text(heads),
            ["patch"] = Text(patch),
            ["width of the MLP (mlpRatio)"] = Text(mlp),
            ["normEps"] = Text(eps),
            ["latent channels"] = Text(channels),
            ["latent side"] = Text(side),
        };
        if (condition is not null)
        {
            facts["condition"] = condition;
        }

        return facts;
    }

    private static void Compare(string key, string init, IReadOnlyDictionary<string, string> own, IReadOnlyDictionary<string, string> theirs)
    {
        var wrong = theirs.Where(x => own[x.Key] != x.Value).Select(x => $"{x.Key} {x.Value}, not {own[x.Key]}").ToList();
        if (wrong.Count > 0)
        {
            throw new ParisInputException($"'{init}' has {string.Join("; ", wrong)}: set '{key}' to what the weights were trained with.");
        }
    }
}
