using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Training.Data;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Text;

/// <summary>Prompts and what models read of them. Image i is drawn from prompt i mod P.</summary>
public sealed class TextPrompts
{
    private readonly EncodedText _encoded;
    private readonly EncodedText _null;

    private TextPrompts(IReadOnlyList<string> prompts, EncodedText encoded, EncodedText nullText) => (Prompts, _encoded, _null) = (prompts, encoded, nullText);

    /// <summary>P prompts.</summary>
    public IReadOnlyList<string> Prompts { get; }

    /// <summary>Encodes prompts; numbers are rounded to F16 as those of the training captions are.</summary>
    public static TextPrompts Of(ITextEncoder encoder, IReadOnlyList<string> prompts)
        => new(prompts, encoder.Encode(prompts).Rounded(), encoder.Encode([""]).Rounded());

    /// <summary>The run's encoder on prompts, or without any on captions of the run's own images (<see cref="Captions"/>).</summary>
    /// <param name="context">The job.</param>
    /// <param name="prompts">P of them; null takes captions.</param>
    /// <param name="count">Captions to take.</param>
    /// <param name="seed">Chooses the captions.</param>
    public static TextPrompts Load(JobContext context, IReadOnlyList<string>? prompts, int count, ulong seed)
    {
        using var encoder = TextEncoders.Load(context);
        return Of(encoder, prompts ?? Captions(context, count, seed));
    }

    /// <summary>Captions of held-out images, or of the training images where none are held out or have captions, in an order given by the seed.</summary>
    /// <exception cref="ParisInputException">The run has no images.</exception>
    public static IReadOnlyList<string> Captions(JobContext context, int count, ulong seed)
    {
        if (context.Spec.Import is not null)
        {
            throw new ParisInputException($"run '{context.Spec.Name}' draws from prompts, and an imported run has no captions to take them from; give some (--prompt \"…\").");
        }

        var outputs = context.Require(JobKind.Ingest).Outputs;
        var entry = outputs.GetValueOrDefault("captions-test") ?? outputs.GetValueOrDefault("captions")
            ?? throw new ParisInputException($"run '{context.Spec.Name}' has no captions to draw from; give prompts (--prompt \"…\").");
        var captions = CaptionLines.Read(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default)), entry.Name)
            .OrderBy(x => x.Key).Select(x => x.Value).ToArray();
        var order = new KeyedPermutation(new PhiloxKey(seed, RandomPurpose.Evaluation, step: 1), captions.Length);
        return [.. Enumerable.Range(0, Math.Min(count, captions.Length)).Select(i => captions[order[i]])];
    }

    /// <summary>The prompt of an image.</summary>
    public string Of(int image) => Prompts[image % Prompts.Count];

    /// <summary>[n, T, D] of images first … first + n − 1.</summary>
    public Tensor Sequence(int first, int count) => Rows(first, count, _encoded.SequenceOf, _encoded.Shape.Tokens, _encoded.Shape.Dimension);

    /// <summary>[n, T, D] of the empty caption.</summary>
    public Tensor NullSequence(int count) => Rows(0, count, _ => _null.SequenceOf(0), _null.Shape.Tokens, _null.Shape.Dimension);

    /// <summary>[n, P] pooled embeddings.</summary>
    public Tensor Pooled(int first, int count) => Rows(first, count, _encoded.PooledOf, _encoded.Shape.Pooled);

    private Tensor Rows(int first, int count, RowOf row, params long[] shape)
    {
        var result = empty([count, .. shape], ScalarType.Float32);
        var values = MemoryMarshal.Cast<byte, float>(result.bytes);
        for (var i = 0; i < count; i++)
        {
            var source = row((first + i) % Prompts.Count);
            source.CopyTo(values[(i * source.Length)..]);
        }

        return result;
    }

    private delegate ReadOnlySpan<float> RowOf(int prompt);
}
