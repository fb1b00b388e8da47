using Paris.Training.Diffusion;
using Paris.Training.Sampling;
using Paris.Training.Tests.Trainers;
using Paris.Training.Trainers;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Diffusion;

public sealed class EpsilonExpertTests
{
    [Fact]
    public void The_schedule_falls_from_data_to_noise_and_keeps_its_variance()
    {
        Assert.Equal(1, CosineSchedule.Alpha(0), 1e-12);
        Assert.Equal(0, CosineSchedule.Alpha(1), 1e-12);
        for (var tau = 0.0; tau <= 1; tau += 0.05)
        {
            var (alpha, sigma) = (CosineSchedule.Alpha(tau), CosineSchedule.Sigma(tau));
            Assert.Equal(1, (alpha * alpha) + (sigma * sigma), 1e-12);
            Assert.Equal(tau, CosineSchedule.TimeOfAlpha(alpha), 1e-6);
        }
    }

    [Fact]
    public void A_time_of_the_path_is_asked_at_the_step_with_the_same_signal_to_noise()
    {
        Assert.Equal((1, 0), EpsilonExpert.At(0));
        Assert.Equal((1, 999), EpsilonExpert.At(1));
        foreach (var t in new[] { 0.1, 0.3, 0.5, 0.8 })
        {
            var (_, step) = EpsilonExpert.At(t);
            var tau = (step + 1) / 1000.0;
            Assert.Equal((1 - t) / t, CosineSchedule.Alpha(tau) / CosineSchedule.Sigma(tau), 0.01 / t);
        }
    }

    /// <summary>The one-point test: the exact noise of a single data point gives the exact velocity of the linear path.</summary>
    [Fact]
    public void The_exact_noise_of_one_point_gives_the_exact_velocity()
    {
        using var scope = NewDisposeScope();
        var data = arange(16, float32).view(1, 1, 4, 4).sin() * 3;
        var noise = arange(16, float32).view(1, 1, 4, 4).cos();
        foreach (var t in new[] { 0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99 })
        {
            var xt = (data * (1 - t)) + (noise * t);
            var velocity = EpsilonExpert.Velocity(xt, noise, t);
            Assert.InRange((velocity - (noise - data)).abs().max().item<float>(), 0, 1e-4); // 1/(1−t) magnifies rounding a hundredfold
        }
    }

    [Fact]
    public void As_a_velocity_model_it_scales_its_input_and_is_asked_at_steps()
    {
        using var scope = NewDisposeScope();
        var data = zeros(2, 1, 2, 2) + 0.5;
        var seen = new List<float>();
        var model = EpsilonExpert.AsVelocity((x, step, _) =>
        {
            seen.AddRange(step.data<float>().ToArray());
            var tau = (step.select(0, 0).item<float>() + 1) / 1000;
            return (x - (data * CosineSchedule.Alpha(tau))) / CosineSchedule.Sigma(tau); // exact for this one point
        });
        var noise = arange(8, float32).view(2, 1, 2, 2).cos();
        const double T = 0.6;
        var velocity = model((data * (1 - T)) + (noise * T), full([2], 600f), null);

        // The step is rounded to one of 1000, so the velocity is as exact as that.
        Assert.InRange((velocity - (noise - data)).abs().max().item<float>(), 0, 5e-3);
        Assert.Equal([EpsilonExpert.At(T).Step, EpsilonExpert.At(T).Step], seen.Select(s => (int)s));
    }

    [Theory]
    [InlineData("cluster-first", 0)] // the noise expert alone
    [InlineData("cluster-first", 1)] // the velocity expert alone
    [InlineData("full", 0)] // both, half and half
    public void Noise_and_velocity_experts_sample_together(string strategy, int cluster)
    {
        using var scope = NewDisposeScope();
        var data = arange(16, float32).view(1, 1, 4, 4).sin();
        var noiseExpert = EpsilonExpert.AsVelocity((x, step, _) =>
        {
            var tau = (step.select(0, 0).item<float>() + 1) / 1000;
            return (x - (data * CosineSchedule.Alpha(tau))) / CosineSchedule.Sigma(tau);
        });
        VelocityModel velocityExpert = (x, t, _) => (x - data) / t.view(-1, 1, 1, 1) * 1000;
        var sampler = new EnsembleSampler([noiseExpert, velocityExpert], (x, _, _) => zeros(x.shape[0], 2));
        var start = arange(48, float32).view(3, 1, 4, 4).cos();

        using var outcome = sampler.Sample(start, TimeGrid.Create("uniform", 20), RoutingStrategy.Create(strategy), [cluster, cluster, cluster], (_, _, _) => 0);

        // Both are exact for this one point, so every path ends at it.
        Assert.InRange((outcome.X - data).abs().max().item<float>(), 0, 5e-3);
    }

    [Fact]
    public void The_estimate_of_the_data_is_bounded_where_there_is_hardly_any_signal()
    {
        using var scope = NewDisposeScope();
        var velocity = EpsilonExpert.Velocity(zeros(1, 1, 1, 1) + 100, zeros(1, 1, 1, 1), 1);
        Assert.Equal(-20, velocity.item<float>());
    }

    [Fact]
    public void An_expert_that_learns_the_noise_is_given_it_with_the_data_on_the_schedule()
    {
        var samples = TinyTask.Samples();
        var known = Enumerable.Range(0, (int)samples.Count).Select(i =>
        {
            var values = new float[samples.SampleSize];
            samples.CopyTo(i, values);
            return values;
        }).ToList();
        var source = new FlowMatchingSource(samples, DiffusionStreams.ForExpert(3, 0), 16, new TimeLaw(0), BatchLabels.Class, learnsNoise: true);
        using var batch = source.Allocate();
        source.Fill(5, batch);
        for (var i = 0; i < 16; i++)
        {
            var step = batch.Times[i];
            Assert.Equal(step, MathF.Floor(step));
            Assert.InRange(step, 0, 999);
            var tau = (step + 1.0) / 1000;
            if (CosineSchedule.Alpha(tau) < 0.05)
            {
                continue; // hardly any data left to find again
            }

            var data = new float[samples.SampleSize];
            for (var j = 0; j < data.Length; j++)
            {
                data[j] = (float)((batch.InputOf(i)[j] - (CosineSchedule.Sigma(tau) * batch.TargetOf(i)[j])) / CosineSchedule.Alpha(tau));
            }

            Assert.Contains(known, sample => sample.Zip(data).All(pair => Math.Abs(pair.First - pair.Second) < 1e-3));
        }
    }
}
