using Paris.Core.Jobs;
using Paris.Core.Specs;

namespace Paris.Core.Scheduling;

/// <summary>What a job asks of a slot, and how much work it brings.</summary>
/// <param name="Needs">What the slot's device must have.</param>
/// <param name="Shape">Jobs of one shape do the same work a sample: speeds learned from one hold for the others. Empty: nothing is learned.</param>
/// <param name="Samples">Samples still to be worked on; 0 when unknown.</param>
/// <param name="SamplesPerStep">Samples a step.</param>
public sealed record JobDemand(ResourceNeeds Needs, string Shape = "", double Samples = 0, int SamplesPerStep = 1)
{
    /// <summary>Any slot will do, and nothing is known of the work.</summary>
    public static JobDemand Any { get; } = new(ResourceNeeds.None);

    /// <summary>What the specification says of a job, before its first step.</summary>
    /// <param name="spec">The run's.</param>
    /// <param name="kind">The job's.</param>
    /// <param name="steps">Its optimiser steps, where a change of the ensemble names others than the spec; 0 takes the spec's.</param>
    /// <param name="headOnly">A refit of the router's head: its steps are cheaper than a whole router's.</param>
    /// <param name="expert">An expert's number, where it may differ from the others.</param>
    public static JobDemand Of(RunSpec spec, JobKind kind, long steps = 0, bool headOnly = false, int? expert = null)
    {
        var own = expert is { } number ? spec.ExpertOf(number) : spec.Expert;
        var (trainer, batch) = kind switch
        {
            JobKind.TrainExpert => (own, own.Training.Batch),
            JobKind.TrainTwin => (spec.Expert, spec.Expert.Training.Batch * spec.Clustering.Clusters),
            JobKind.TrainRouter => (spec.Router, spec.Router.Training.Batch),
            _ => (null, 0),
        };
        if (trainer is null)
        {
            // Sampling and evaluation load the experts, so they need what an expert needs.
            return kind is JobKind.Sample or JobKind.Evaluate ? Any with { Needs = ResourceNeeds.Of(spec.Expert.Resources) } : Any;
        }

        var (model, training) = (trainer.Model, trainer.Training);
        var shape = FormattableString.Invariant(
            $"{(headOnly ? "router-head" : kind == JobKind.TrainRouter ? "router" : "expert")} {model.Hidden}x{model.Layers}x{model.Heads}/{model.Patch}/{model.MlpRatio} {model.Condition} {spec.Data.ImageSize}x{spec.Data.Channels}{(spec.Autoencoder is null ? "" : " latents")} {training.Precision} {batch}/{training.Accumulate}");
        return new JobDemand(ResourceNeeds.Of(trainer.Resources), shape, (double)(steps > 0 ? steps : training.Steps) * batch, batch);
    }

    /// <summary>A worker's rate in samples a second, whatever unit it counts in.</summary>
    public double SampleRate(double rate, string unit) => unit == "steps" ? rate * SamplesPerStep : rate;
}
