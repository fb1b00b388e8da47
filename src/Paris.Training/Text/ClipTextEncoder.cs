using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Text;
using Paris.Models;
using Paris.Models.Encoders;
using static TorchSharp.torch;

namespace Paris.Training.Text;

/// <summary>
/// <c>clip</c>: CLIP's tokenizer and text encoder, as in the paper. The sequence is the last hidden state after the final norm, padded
/// with the end token and without a mask; pooled is its row at the first end token, before any projection. On the CPU.
/// </summary>
public sealed class ClipTextEncoder : ITextEncoder
{
    /// <summary>The name in a spec.</summary>
    public const string EncoderName = "clip";

    /// <summary>Captions a pass: the activations of 32 × 77 tokens stay small.</summary>
    private const int Batch = 32;

    private readonly ClipText _model;
    private readonly ClipTokenizer _tokenizer;

    private ClipTextEncoder(ClipText model, ClipTokenizer tokenizer, int tokens)
    {
        (_model, _tokenizer) = (model, tokenizer);
        Shape = new TextShape(tokens, model.Shape.Hidden, model.Shape.Hidden);
    }

    public string Name => EncoderName;

    public TextShape Shape { get; }

    /// <summary>Loads weights and tokenizer.</summary>
    /// <param name="files">Where they are.</param>
    /// <param name="tokens">T; null takes the encoder's context, 77 in the released ones.</param>
    /// <exception cref="ParisInputException">A file is damaged, or they do not belong together.</exception>
    public static ClipTextEncoder Open(ClipTextFiles files, int? tokens = null)
    {
        // The merges and the vocabulary are read from one folder.
        var tokenizer = new ClipTokenizer(ClipVocabulary.Read(files.Tokenizer.Count == 1 ? files.Tokenizer[0] : Path.GetDirectoryName(files.Tokenizer[0])!));
        using var weights = WeightsOnDisk.Open(files.Weights);
        var model = ClipText.Load(weights.Path, files.Config is null ? ModelConfig.Empty : ModelConfig.Read(files.Config));
        try
        {
            var (shape, vocabulary) = (model.Shape, tokenizer.Vocabulary);
            if (vocabulary.Count > shape.Vocabulary || vocabulary.End != shape.EndToken)
            {
                throw new ParisInputException($"'{files.Weights}' knows {shape.Vocabulary} tokens and ends a text with {shape.EndToken}, but the tokenizer '{files.Tokenizer[0]}' has {vocabulary.Count} and ends it with {vocabulary.End}; take both from one model.");
            }

            var length = tokens ?? shape.Context;
            return length >= 2 && length <= shape.Context
                ? new ClipTextEncoder(model, tokenizer, length)
                : throw new ParisInputException($"'text.tokens' is {length}, but '{files.Weights}' reads 2 to {shape.Context}.");
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public EncodedText Encode(IReadOnlyList<string> captions)
    {
        var result = new EncodedText(Shape, new float[captions.Count * Shape.SequenceSize], new float[captions.Count * Shape.Pooled]);
        for (var first = 0; first < captions.Count; first += Batch)
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            var count = Math.Min(Batch, captions.Count - first);
            var ids = new long[count * Shape.Tokens];
            for (var i = 0; i < count; i++)
            {
                _tokenizer.Tokenize(captions[first + i], Shape.Tokens).CopyTo(ids, i * Shape.Tokens);
            }

            var x = tensor(ids, [count, Shape.Tokens], dtype: ScalarType.Int64);
            var hidden = _model.call(x); // [b, T, D]
            MemoryMarshal.Cast<byte, float>(hidden.contiguous().bytes).CopyTo(result.Sequence.AsSpan(first * Shape.SequenceSize));
            MemoryMarshal.Cast<byte, float>(_model.Pooled(hidden, x).contiguous().bytes).CopyTo(result.Pooled.AsSpan(first * Shape.Pooled));
        }

        return result;
    }

    public void Dispose() => _model.Dispose();
}
