using Paris.Core.Random;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using Paris.Training.Trainers;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Trainers;

/// <summary>Flow matching with two linear layers: the loop's test subject where the model does not matter.</summary>
internal sealed class TinyTask : TrainingTask
{
    private readonly Net _net = new();

    public TinyTask(ulong seed = 11, int batch = 8)
    {
        var streams = DiffusionStreams.ForExpert(seed, 0);
        Batches = new FlowMatchingSource(Samples(), streams, batch, new TimeLaw(0.25), BatchLabels.Class);
        foreach (var (index, parameter) in _net.parameters().Index())
        {
            var values = new float[parameter.NumberOfElements];
            streams.Initialization.AtStep(index).FillNormal(values);
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            parameter.copy_(tensor(values).mul(0.2f).view(parameter.shape));
        }
    }

    public override nn.Module Module => _net;

    public override IBatchSource Batches { get; }

    public override Tensor Loss(BatchView batch) => nn.functional.mse_loss(_net.call(batch.Input.flatten(1)), batch.Target!.flatten(1));

    /// <summary>37 latents of 2×2×2.</summary>
    public static SampleSet Samples()
    {
        const int Count = 37;
        var values = new byte[Count * 8 * sizeof(float)];
        new PhiloxKey(1, RandomPurpose.Simulation).FillNormal(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(values.AsSpan()));
        var numbers = Enumerable.Range(0, Count).Select(i => (long)i).ToArray();
        return new SampleSet([new Shard(ShardContent.Latents, [2, 2, 2], values, numbers, [.. numbers.Select(i => i % 3)], [.. numbers.Select(_ => 0L)])]);
    }

    private sealed class Net : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear first = nn.Linear(8, 16);
        private readonly TorchSharp.Modules.Linear second = nn.Linear(16, 8);

        public Net()
            : base("net") => RegisterComponents();

        public override Tensor forward(Tensor input) => second.call(first.call(input).silu());
    }
}
