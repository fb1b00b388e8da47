using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Training.Data;
using Paris.Training.Optimization;
using Paris.Training.Trainers;

namespace Paris.Training.Benchmarks;

/// <summary>What one size of expert took.</summary>
/// <param name="Name">The size.</param>
/// <param name="Parameters">Parameters of our model.</param>
/// <param name="Seconds">Our median seconds a step.</param>
/// <param name="ReferenceSeconds">Eager PyTorch's median; null when it could not run.</param>
/// <param name="CpuSeconds">Our processor seconds a step, all threads: what remains comparable on a busy machine.</param>
/// <param name="ReferenceCpuSeconds">Likewise eager PyTorch's.</param>
/// <param name="Phases">Our median seconds by phase: inputs, forward and backward, norm, update.</param>
public sealed record StepBenchmarkRow(string Name, long Parameters, double Seconds, double? ReferenceSeconds, double CpuSeconds, double? ReferenceCpuSeconds, IReadOnlyDictionary<string, double> Phases)
{
    /// <summary>Ours over the reference's; below 1 is faster.</summary>
    public double? Ratio => Seconds / ReferenceSeconds;

    /// <summary>Our processor seconds over the reference's.</summary>
    public double? CpuRatio => CpuSeconds / ReferenceCpuSeconds;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name,-22} {Parameters / 1e6,6:0.00} M   ours {Seconds * 1e3,8:0.00} ms   PyTorch {(ReferenceSeconds is { } r ? $"{r * 1e3,8:0.00} ms   ratio {Ratio:0.000}   processor {CpuSeconds * 1e3:0.00} / {ReferenceCpuSeconds * 1e3:0.00} ms = {CpuRatio:0.000}" : "not measured")}   ({string.Join(", ", Phases.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key} {p.Value * 1e3:0.00}")))})");
}

/// <summary>
/// An expert's training step beside the same step in eager PyTorch (tests/Benchmarks/step_reference.py): the two processes take turns,
/// a few steps each, with equal threads, so that both meet the same machine. Our step makes its inputs inside the measured time, too,
/// though the trainer makes them on another thread.
/// </summary>
public static class StepBenchmark
{
    /// <summary>The demo's expert and one of about 30 million parameters.</summary>
    public static IReadOnlyList<(string Name, ModelSpec Model, int Channels, int Side, int Batch, int Steps)> Sizes { get; } =
    [
        ("demo D128 L4, B32", new ModelSpec { Hidden = 128, Layers = 4, Heads = 4 }, 4, 8, 32, 10),
        ("30M D512 L9, B8", new ModelSpec { Hidden = 512, Layers = 9, Heads = 8 }, 4, 16, 8, 2),
    ];

    /// <summary>Runs every size.</summary>
    /// <param name="rounds">Turns of each process; the medians are over all their steps.</param>
    /// <param name="threads">Threads of both; already set for this process.</param>
    /// <param name="python">Python with PyTorch.</param>
    /// <param name="script">The reference script; null looks for it above the working folder and the program.</param>
    /// <param name="size">Only sizes whose name begins so.</param>
    /// <param name="log">Receives one line a size, and why a reference is missing.</param>
    public static IReadOnlyList<StepBenchmarkRow> Run(int rounds = 10, int threads = 1, string python = "/usr/bin/python3", string? script = null, string size = "", Action<string>? log = null)
    {
        script ??= FindScript();
        var rows = new List<StepBenchmarkRow>();
        foreach (var (name, model, channels, side, batch, steps) in Sizes.Where(s => s.Name.StartsWith(size, StringComparison.OrdinalIgnoreCase)))
        {
            var row = Run(name, model, channels, side, batch, steps, rounds, threads, python, script, log);
            rows.Add(row);
            log?.Invoke(row.ToString());
        }

        return rows;
    }

    private static StepBenchmarkRow Run(string name, ModelSpec model, int channels, int side, int batch, int steps, int rounds, int threads, string python, string script, Action<string>? log)
    {
        var spec = new TrainerSpec { Model = model, Training = new OptimizationSpec { Batch = batch, Beta2 = 0.99, EmaDecay = 0.99, Clip = 1 } };
        using var task = new ExpertTask(spec, Noise(channels, side), seed: 1, expert: 0, classes: 0, codec: null);
        using var parameters = FlatParameters.Attach(task.Module.named_parameters(), average: true);
        var optimizer = new AdamW(parameters, AdamWSettings.From(spec.Training));
        var computation = new TrainingStep(task, parameters, 1);
        using var inputs = task.Batches.Allocate();
        var phases = new Dictionary<string, List<double>> { ["inputs"] = [], ["forward and backward"] = [], ["norm"] = [], ["update"] = [] };
        var ours = new List<double>();

        using var reference = Reference.Start(model, channels, side, batch, threads, python, script, log);
        Turn(steps, null);
        reference?.Turn(steps);
        var theirs = new List<double>();
        var (cpu, referenceCpu) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var before = Environment.CpuUsage.TotalTime;
            Turn(steps, ours);
            cpu.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds / steps);
            if (reference is not null)
            {
                var (seconds, used) = reference.Turn(steps);
                theirs.AddRange(seconds);
                referenceCpu.Add(used / steps);
            }
        }

        double? none = null;
        return new StepBenchmarkRow(name, parameters.Count, Median(ours), theirs.Count == 0 ? none : Median(theirs), Median(cpu), theirs.Count == 0 ? none : Median(referenceCpu), phases.ToDictionary(p => p.Key, p => Median(p.Value)));

        void Turn(int count, List<double>? seconds)
        {
            for (var i = 0; i < count; i++)
            {
                var started = TimeProvider.System.GetTimestamp();
                task.Batches.Fill(optimizer.Step, inputs);
                var filled = TimeProvider.System.GetTimestamp();
                var loss = computation.ForwardBackward(inputs);
                var computed = TimeProvider.System.GetTimestamp();
                var norm = optimizer.GradientNorm();
                var measured = TimeProvider.System.GetTimestamp();
                optimizer.Update(norm, 1e-4, Schedule.AverageDecay(0.99, optimizer.Step));
                var ended = TimeProvider.System.GetTimestamp();
                if (!double.IsFinite(loss))
                {
                    throw new InvalidOperationException("The benchmark's loss is not finite.");
                }

                if (seconds is not null)
                {
                    seconds.Add(Seconds(started, ended));
                    phases["inputs"].Add(Seconds(started, filled));
                    phases["forward and backward"].Add(Seconds(filled, computed));
                    phases["norm"].Add(Seconds(computed, measured));
                    phases["update"].Add(Seconds(measured, ended));
                }
            }
        }
    }

    private static double Seconds(long from, long to) => TimeProvider.System.GetElapsedTime(from, to).TotalSeconds;

    private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);

    private static SampleSet Noise(int channels, int side)
    {
        const int Count = 1024;
        var values = new byte[Count * channels * side * side * sizeof(float)];
        new PhiloxKey(1, RandomPurpose.Simulation).FillNormal(MemoryMarshal.Cast<byte, float>(values.AsSpan()));
        long[] numbers = [.. Enumerable.Range(0, Count).Select(i => (long)i)];
        return new SampleSet([new Shard(ShardContent.Latents, [channels, side, side], values, numbers, [.. numbers.Select(_ => -1L)])]);
    }

    private static string FindScript()
    {
        foreach (var start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                var candidate = Path.Combine(folder.FullName, "tests", "Benchmarks", "step_reference.py");
                if (File.Exists(candidate))
                {
                    return candidate;
                }
            }
        }

        throw new ParisInputException("tests/Benchmarks/step_reference.py is nowhere above the working folder; run the benchmark inside the repository.");
    }

    /// <summary>The PyTorch process; it waits on its standard input while it is not its turn.</summary>
    private sealed class Reference : IDisposable
    {
        private readonly Process _process;

        private Reference(Process process) => _process = process;

        public static Reference? Start(ModelSpec model, int channels, int side, int batch, int threads, string python, string script, Action<string>? log)
        {
            var start = new ProcessStartInfo(python)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            var numbers = new (string Name, int Value)[]
            {
                ("hidden", model.Hidden), ("layers", model.Layers), ("heads", model.Heads), ("patch", model.Patch),
                ("channels", channels), ("side", side), ("batch", batch), ("threads", threads),
            };
            start.ArgumentList.Add(script);
            foreach (var (name, value) in numbers)
            {
                start.ArgumentList.Add("--" + name);
                start.ArgumentList.Add(value.ToString(CultureInfo.InvariantCulture));
            }

            foreach (var variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
            {
                start.Environment[variable] = threads.ToString(CultureInfo.InvariantCulture);
            }

            Process? process = null;
            try
            {
                process = Process.Start(start)!;
                process.ErrorDataReceived += (_, _) => { };
                process.BeginErrorReadLine();
                if (process.StandardOutput.ReadLine() is { } line)
                {
                    using var facts = JsonDocument.Parse(line);
                    log?.Invoke($"reference: PyTorch {facts.RootElement.GetProperty("torch").GetString()}, {facts.RootElement.GetProperty("parameters").GetInt64()} parameters, {threads} thread(s)");
                    return new Reference(process);
                }

                log?.Invoke($"no reference: '{python}' has no PyTorch");
            }
            catch (System.ComponentModel.Win32Exception exception)
            {
                log?.Invoke($"no reference: {exception.Message}");
            }

            process?.Dispose();
            return null;
        }

        public (IReadOnlyList<double> Seconds, double Cpu) Turn(int steps)
        {
            _process.StandardInput.WriteLine(JsonSerializer.Serialize(new { steps }));
            _process.StandardInput.Flush();
            var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The PyTorch reference ended early.");
            using var answer = JsonDocument.Parse(line);
            return ([.. answer.RootElement.GetProperty("seconds").EnumerateArray().Select(e => e.GetDouble())], answer.RootElement.GetProperty("cpu").GetDouble());
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit(TimeSpan.FromSeconds(10));
            _process.Dispose();
        }
    }
}
