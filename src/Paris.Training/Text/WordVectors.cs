using System.Text;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Random;

namespace Paris.Training.Text;

/// <summary>
/// Unit vectors of words, fitted once on a run's captions: positive pointwise mutual information of words that stand in one caption,
/// ln(n·n_ij/(n_i·n_j)) where it is above 0, with ln(1 + n/n_i) on the diagonal, and the D strongest eigenpairs of that matrix, each
/// direction weighted by |λ|, so that cosines are those of the matrix' rows: words with the same company become neighbours. An unknown word is the mean of the known words that share
/// pieces of three characters with it, by squared Dice coefficient; without relatives it is a fixed random vector of its pieces.
/// </summary>
public sealed class WordVectors
{
    /// <summary>Most words that are learned: the most frequent.</summary>
    public const int MaxWords = 8192;

    private const string Format = "paris-words-1";

    /// <summary>Dice coefficients below this make no relatives.</summary>
    private const double LeastDice = 0.4;

    private readonly Dictionary<string, int> _index;
    private readonly Dictionary<string, List<int>> _byPiece = new(StringComparer.Ordinal);
    private readonly int[] _pieces; // [V] pieces a word has
    private readonly float[] _vectors; // [V, D]

    private WordVectors(IReadOnlyList<string> words, long[] counts, float[] vectors, int dimension, ulong seed)
    {
        (Words, Counts, _vectors, Dimension, Seed) = (words, counts, vectors, dimension, seed);
        _index = words.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal);
        _pieces = new int[words.Count];
        foreach (var (i, word) in words.Index())
        {
            var pieces = CaptionWords.Pieces(word);
            _pieces[i] = pieces.Count;
            foreach (var piece in pieces)
            {
                if (!_byPiece.TryGetValue(piece, out var holders))
                {
                    _byPiece[piece] = holders = [];
                }

                holders.Add(i);
            }
        }
    }

    /// <summary>V words, the most frequent first.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>[V] captions that hold each word.</summary>
    public IReadOnlyList<long> Counts { get; }

    /// <summary>D.</summary>
    public int Dimension { get; }

    /// <summary>Seed of the start of the factorisation and of random vectors.</summary>
    public ulong Seed { get; }

    /// <summary>Learns the words of captions.</summary>
    /// <param name="captions">All captions of the run.</param>
    /// <param name="dimension">D; directions that the words do not fill stay 0.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="ParisInputException">There is no word in any caption.</exception>
    public static WordVectors Fit(IReadOnlyList<string> captions, int dimension, ulong seed)
    {
        var sets = captions.Select(caption => CaptionWords.Of(caption).Distinct(StringComparer.Ordinal).ToArray()).ToArray();
        var frequencies = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in sets.SelectMany(set => set))
        {
            frequencies[word] = frequencies.GetValueOrDefault(word) + 1;
        }

        if (frequencies.Count == 0)
        {
            throw new ParisInputException($"None of the {captions.Count} captions has a word in it; text conditioning needs captions.");
        }

        string[] words = [.. frequencies.OrderByDescending(x => x.Value).ThenBy(x => x.Key, StringComparer.Ordinal).Take(MaxWords).Select(x => x.Key)];
        long[] counts = [.. words.Select(word => frequencies[word])];
        var index = words.Index().ToDictionary(x => x.Item, x => x.Index, StringComparer.Ordinal);
        var rows = Information(sets, index, counts);
        var (values, directions) = SymmetricFactors.Of(rows, dimension, new PhiloxKey(seed, RandomPurpose.Text));
        var vectors = new float[words.Length * dimension];
        var scaled = new double[values.Length];
        for (var i = 0; i < words.Length; i++)
        {
            for (var k = 0; k < values.Length; k++)
            {
                scaled[k] = directions[(i * values.Length) + k] * Math.Abs(values[k]);
            }

            var vector = vectors.AsSpan(i * dimension, dimension);
            if (!Normalise(scaled, vector))
            {
                // A word outside the strongest directions.
                Random(words[i], seed, vector);
            }
        }

        return new WordVectors(words, counts, vectors, dimension, seed);
    }

    /// <summary>Reads what <see cref="Save"/> writes.</summary>
    /// <exception cref="ParisInputException">The file holds no word vectors.</exception>
    public static WordVectors Load(SafetensorsFile file)
    {
        if (file.Metadata.GetValueOrDefault("format") != Format || !ulong.TryParse(file.Metadata.GetValueOrDefault("seed"), out var seed))
        {
            throw new ParisInputException($"{file.Source} holds no word vectors ('{Format}'); run the job 'encode' again.");
        }

        var vectors = file["vectors"];
        var count = file.Require("counts", TensorType.I64, -1).Shape[0];
        file.Require("vectors", TensorType.F32, count, -1);
        file.Require("words", TensorType.U8, -1);
        var words = Encoding.UTF8.GetString(file.View<byte>("words")).Split('\n');
        return words.Length == count && words.Distinct(StringComparer.Ordinal).Count() == count
            ? new WordVectors(words, file.ToArray<long>("counts"), file.ToArray<float>("vectors"), (int)vectors.Shape[1], seed)
            : throw new ParisInputException($"{file.Source} names {words.Length} words for {count} vectors; run the job 'encode' again.");
    }

    /// <summary>Safetensors: <c>vectors</c> F32 [V, D], <c>counts</c> I64 [V], <c>words</c> U8 (UTF-8, a line a word).</summary>
    public byte[] Save(IReadOnlyDictionary<string, string>? metadata = null)
    {
        var words = Encoding.UTF8.GetBytes(string.Join('\n', Words));
        return SafetensorsWriter.ToBytes(
            [
                TensorData.Of("vectors", _vectors, Words.Count, Dimension),
                TensorData.Of("counts", Counts.ToArray(), Words.Count),
                TensorData.Of("words", words, words.Length),
            ],
            new Dictionary<string, string>(metadata ?? new Dictionary<string, string>())
            {
                ["format"] = Format,
                ["seed"] = Seed.ToString(System.Globalization.CultureInfo.InvariantCulture),
            });
    }

    /// <summary>Whether the captions held the word.</summary>
    public bool Knows(string word) => _index.ContainsKey(word);

    /// <summary>The word's unit vector [D].</summary>
    public void CopyTo(string word, Span<float> destination)
    {
        destination = destination[..Dimension];
        if (_index.TryGetValue(word, out var known))
        {
            Known(known).CopyTo(destination);
            return;
        }

        var sum = new double[Dimension];
        foreach (var (i, weight) in Relatives(word))
        {
            var vector = Known(i);
            for (var d = 0; d < Dimension; d++)
            {
                sum[d] += weight * vector[d];
            }
        }

        if (!Normalise(sum, destination))
        {
            Random(word, Seed, destination);
        }
    }

    /// <summary>The known words nearest to a word, by cosine, with it left out.</summary>
    public IReadOnlyList<(string Word, double Cosine)> Nearest(string word, int count)
    {
        var vector = new float[Dimension];
        CopyTo(word, vector);
        return
        [
            .. Words.Select((other, i) => (other, Cosine: (double)System.Numerics.Tensors.TensorPrimitives.Dot(Known(i), vector)))
                .Where(x => x.other != word).OrderByDescending(x => x.Cosine).ThenBy(x => x.other, StringComparer.Ordinal).Take(count),
        ];
    }

    /// <summary>A unit vector that depends on the word's pieces alone: words that share pieces point into similar directions.</summary>
    internal static void Random(string word, ulong seed, Span<float> destination)
    {
        var normals = new float[destination.Length];
        var sum = new double[destination.Length];
        foreach (var piece in CaptionWords.Pieces(word).DefaultIfEmpty(word))
        {
            // FNV-1a, cut to the 40 bits of a sample's number.
            var hash = 14695981039346656037UL;
            foreach (var b in Encoding.UTF8.GetBytes(piece))
            {
                hash = (hash ^ b) * 1099511628211UL;
            }

            new PhiloxKey(seed, RandomPurpose.Text, step: 1, sample: (long)(hash >> 24)).FillNormal(normals);
            for (var d = 0; d < sum.Length; d++)
            {
                sum[d] += normals[d];
            }
        }

        Normalise(sum, destination);
    }

    private static List<(int Column, double Value)[]> Information(string[][] sets, Dictionary<string, int> index, long[] counts)
    {
        var together = new Dictionary<(int, int), long>();
        foreach (var set in sets)
        {
            int[] present = [.. set.Where(index.ContainsKey).Select(word => index[word]).Order()];
            for (var a = 0; a < present.Length; a++)
            {
                for (var b = a + 1; b < present.Length; b++)
                {
                    var pair = (present[a], present[b]);
                    together[pair] = together.GetValueOrDefault(pair) + 1;
                }
            }
        }

        var rows = counts.Select((count, i) => new List<(int, double)> { (i, Math.Log(1 + ((double)sets.Length / count))) }).ToList();
        foreach (var ((i, j), both) in together)
        {
            var information = Math.Log((double)sets.Length * both / ((double)counts[i] * counts[j]));
            if (information > 0)
            {
                rows[i].Add((j, information));
                rows[j].Add((i, information));
            }
        }

        return [.. rows.Select(row => row.OrderBy(x => x.Item1).ToArray())];
    }

    private static bool Normalise(ReadOnlySpan<double> values, Span<float> destination)
    {
        var squares = 0.0;
        foreach (var value in values)
        {
            squares += value * value;
        }

        destination.Clear();
        if (squares < 1e-12)
        {
            return false;
        }

        for (var d = 0; d < values.Length; d++)
        {
            destination[d] = (float)(values[d] / Math.Sqrt(squares));
        }

        return true;
    }

    private ReadOnlySpan<float> Known(int i) => _vectors.AsSpan(i * Dimension, Dimension);

    private IEnumerable<(int Word, double Weight)> Relatives(string word)
    {
        var pieces = CaptionWords.Pieces(word);
        var shared = new SortedDictionary<int, int>();
        foreach (var i in pieces.Where(_byPiece.ContainsKey).SelectMany(piece => _byPiece[piece]))
        {
            shared[i] = shared.GetValueOrDefault(i) + 1;
        }

        return shared.Select(x => (x.Key, Dice: 2.0 * x.Value / (pieces.Count + _pieces[x.Key]))).Where(x => x.Dice >= LeastDice).Select(x => (x.Key, x.Dice * x.Dice));
    }
}
