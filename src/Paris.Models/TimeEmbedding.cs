using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Time to vector: a sinusoid of 256 numbers, then Linear, SiLU, Linear (keys <c>mlp.0</c>, <c>mlp.2</c>).</summary>
public sealed class TimeEmbedding : NamedModule<Tensor, Tensor>
{
    /// <summary>Numbers in the sinusoid.</summary>
    public const int Frequencies = 256;

    private readonly Mlp _mlp;
    private readonly Tensor _frequencies; // [128]

    public TimeEmbedding(int hidden)
        : base(nameof(TimeEmbedding))
    {
        _mlp = new Mlp(Frequencies, hidden, hidden, x => nn.functional.silu(x));
        var half = Frequencies / 2;
        var values = new float[half];
        for (var i = 0; i < half; i++)
        {
            values[i] = (float)Math.Exp(-Math.Log(10000.0) * i / half);
        }

        _frequencies = tensor(values, dtype: ScalarType.Float32).DetachFromDisposeScope();
        register_module("mlp", _mlp);
    }

    /// <summary>The sinusoid of t [B] on the 0..1000 scale: [B, 256], cosines first, then sines (fixture paris-tiny, <c>time_sinusoid</c>).</summary>
    public Tensor Sinusoid(Tensor t)
    {
        var arguments = t.unsqueeze(1) * _frequencies.unsqueeze(0); // [B, 128]
        return cat([arguments.cos(), arguments.sin()], 1);
    }

    /// <summary>t [B] on the 0..1000 scale to [B, D].</summary>
    public override Tensor forward(Tensor t) => _mlp.call(Sinusoid(t));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _frequencies.Dispose();
        }

        base.Dispose(disposing);
    }
}
