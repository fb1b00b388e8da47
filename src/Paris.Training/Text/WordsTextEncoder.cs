using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Text;

/// <summary>
/// <c>words</c>: a stand-in for CLIP on machines without its weights. It knows the words of the run's own captions and nothing of the
/// world (<see cref="WordVectors"/>). A caption is a begin row and a row a word, the word's vector plus a quarter of a sinusoid of its
/// place, so that order can be read; rows behind the last word are 0. Pooled: the mean of the words' vectors; of the empty caption,
/// the begin vector. Numbers have about unit size (unit vectors times √D), as those of CLIP's last layer norm.
/// </summary>
public sealed class WordsTextEncoder : ITextEncoder
{
    /// <summary>The name in a spec.</summary>
    public const string EncoderName = "words";

    /// <summary>T where a spec names none.</summary>
    public const int DefaultTokens = 16;

    private const float PlaceWeight = 0.25f;

    private readonly float[] _begin; // [D]
    private readonly float[] _places; // [T, D] unit rows

    private WordsTextEncoder(WordVectors words, int tokens)
    {
        if (tokens < 2)
        {
            throw new ParisInputException($"'text.tokens' is {tokens}; a begin token and a word take 2.");
        }

        Words = words;
        Shape = new TextShape(tokens, words.Dimension, words.Dimension);
        _begin = new float[words.Dimension];
        WordVectors.Random("<begin>", words.Seed, _begin);
        _places = Places(tokens, words.Dimension);
    }

    public string Name => EncoderName;

    public TextShape Shape { get; }

    /// <summary>What it has learned.</summary>
    public WordVectors Words { get; }

    /// <summary>Learns the words of captions.</summary>
    /// <param name="captions">All captions of the run.</param>
    /// <param name="tokens">T, begin token included; longer captions are cut.</param>
    /// <param name="dimension">D.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="ParisInputException">There is no word in any caption, or T is too small.</exception>
    public static WordsTextEncoder Fit(IReadOnlyList<string> captions, int tokens, int dimension, ulong seed)
        => new(WordVectors.Fit(captions, dimension, seed), tokens);

    /// <summary>Reads what <see cref="Save"/> writes.</summary>
    /// <exception cref="ParisInputException">The file is no such encoder.</exception>
    public static WordsTextEncoder Load(SafetensorsFile file)
        => int.TryParse(file.Metadata.GetValueOrDefault("tokens"), NumberStyles.None, CultureInfo.InvariantCulture, out var tokens)
            ? new WordsTextEncoder(WordVectors.Load(file), tokens)
            : throw new ParisInputException($"{file.Source} holds no words encoder; run the job 'encode' again.");

    /// <summary>Its state as safetensors: enough to encode any prompt later.</summary>
    public byte[] Save() => Words.Save(new Dictionary<string, string> { ["tokens"] = Shape.Tokens.ToString(CultureInfo.InvariantCulture) });

    public EncodedText Encode(IReadOnlyList<string> captions)
    {
        var (tokens, dimension) = (Shape.Tokens, Shape.Dimension);
        var scale = MathF.Sqrt(dimension);
        var result = new EncodedText(Shape, new float[captions.Count * Shape.SequenceSize], new float[captions.Count * dimension]);
        var vector = new float[dimension];
        for (var i = 0; i < captions.Count; i++)
        {
            var sequence = result.Sequence.AsSpan(i * Shape.SequenceSize, Shape.SequenceSize);
            var pooled = result.Pooled.AsSpan(i * dimension, dimension);
            Add(_begin, 0, sequence);
            var words = CaptionWords.Of(captions[i]);
            var used = Math.Min(words.Count, tokens - 1);
            for (var place = 1; place <= used; place++)
            {
                Words.CopyTo(words[place - 1], vector);
                Add(vector, place, sequence);
                for (var d = 0; d < dimension; d++)
                {
                    pooled[d] += scale * vector[d] / used;
                }
            }

            for (var d = 0; used == 0 && d < dimension; d++)
            {
                pooled[d] = scale * _begin[d];
            }
        }

        return result;

        void Add(float[] row, int place, Span<float> sequence)
        {
            for (var d = 0; d < dimension; d++)
            {
                sequence[(place * dimension) + d] = scale * (row[d] + (PlaceWeight * _places[(place * dimension) + d]));
            }
        }
    }

    public void Dispose()
    {
    }

    /// <summary>Sine and cosine pairs of wavelengths from 2π to 2π·100, unit rows.</summary>
    private static float[] Places(int tokens, int dimension)
    {
        var places = new float[tokens * dimension];
        for (var place = 0; place < tokens; place++)
        {
            var row = places.AsSpan(place * dimension, dimension);
            for (var d = 0; d < dimension; d++)
            {
                var angle = place * Math.Exp(-Math.Log(100) * (d / 2) * 2 / dimension);
                row[d] = (float)(d % 2 == 0 ? Math.Cos(angle) : Math.Sin(angle));
            }

            var length = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares(row));
            System.Numerics.Tensors.TensorPrimitives.Divide(row, length, row);
        }

        return places;
    }
}
