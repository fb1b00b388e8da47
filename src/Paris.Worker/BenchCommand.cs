using System.CommandLine;
using System.Text.Json;
using Paris.Core;
using Paris.Training.Benchmarks;
using Paris.Training.Trainers;

namespace Paris.Worker;

/// <summary><c>bench step</c>: an expert's training step beside the same step in eager PyTorch.</summary>
public static class BenchCommand
{
    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Turns of each process.", DefaultValueFactory = _ => 10 };
        var threads = new Option<int>("--threads") { Description = "Threads of tensor operations.", DefaultValueFactory = _ => 1 };
        var python = new Option<string>("--python") { Description = "Python with PyTorch.", DefaultValueFactory = _ => "/usr/bin/python3" };
        var size = new Option<string>("--size") { Description = "Only sizes whose name begins so: demo, 30M.", DefaultValueFactory = _ => "" };
        var plain = new Option<bool>("--plain-allocator") { Description = "Without the worker's settings of the C library's allocator." };
        var json = new Option<bool>("--json") { Description = "One JSON array instead of lines." };
        var step = new Command("step", "Times an expert's training step beside eager PyTorch, in turns. Example: bench step --rounds 20") { rounds, threads, python, size, plain, json };
        step.SetAction(parsed =>
        {
            try
            {
                if (!parsed.GetValue(plain))
                {
                    HostAllocator.KeepFreedMemory();
                }

                var quiet = parsed.GetValue(json);
                IReadOnlyList<StepBenchmarkRow> rows = [];
                Exception? failure = null;

                // On a thread of its own, as the worker's device thread is.
                var device = new Thread(() =>
                {
                    try
                    {
                        TorchSharp.torch.set_num_threads(parsed.GetValue(threads));
                        rows = StepBenchmark.Run(parsed.GetValue(rounds), parsed.GetValue(threads), parsed.GetValue(python)!, size: parsed.GetValue(size)!, log: quiet ? null : Console.WriteLine);
                    }
                    catch (Exception exception)
                    {
                        failure = exception;
                    }
                });
                device.Start();
                device.Join();
                if (failure is not null)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                }

                if (quiet)
                {
                    Console.WriteLine(JsonSerializer.Serialize(rows, JsonSerializerOptions.Web));
                }

                return 0;
            }
            catch (ParisInputException exception)
            {
                Console.Error.WriteLine(exception.Message);
                return 2;
            }
        });
        return new Command("bench", "Measurements.") { step };
    }
}
