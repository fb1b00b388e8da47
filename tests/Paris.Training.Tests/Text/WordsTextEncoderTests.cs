using Paris.Core;
using Paris.Core.Formats;
using Paris.Training.Text;
using Xunit;

namespace Paris.Training.Tests.Text;

public sealed class WordsTextEncoderTests
{
    private static readonly string[] _things = ["circle", "square", "triangle"];
    private static readonly string[] _animals = ["cat", "dog", "horse"];

    /// <summary>Colours go with shapes, verbs with animals.</summary>
    private static readonly string[] _captions =
    [
        .. from colour in new[] { "red", "green", "blue" } from thing in _things select $"A {colour} {thing}.",
        .. from animal in _animals from verb in new[] { "runs", "sleeps", "eats" } select $"the {animal} {verb}",
    ];

    private readonly WordsTextEncoder _encoder = WordsTextEncoder.Fit(_captions, tokens: 6, dimension: 8, seed: 3);

    [Fact]
    public void Equal_captions_and_seed_give_equal_bytes_and_the_state_is_enough()
    {
        var state = _encoder.Save();
        Assert.Equal(state, WordsTextEncoder.Fit(_captions, 6, 8, 3).Save());
        Assert.NotEqual(state, WordsTextEncoder.Fit(_captions, 6, 8, 4).Save());

        using var file = SafetensorsFile.FromBytes(state);
        using var loaded = WordsTextEncoder.Load(file);
        string[] prompts = ["a blue horse", "", "the dogs", "xyzzy"];
        Assert.Equal(_encoder.Encode(prompts).Sequence, loaded.Encode(prompts).Sequence);
        Assert.Equal(_encoder.Encode(prompts).Pooled, loaded.Encode(prompts).Pooled);
        Assert.Equal(state, loaded.Save());
    }

    [Fact]
    public void Words_with_the_same_company_are_neighbours()
    {
        var words = _encoder.Words;
        Assert.Equal(14, words.Words.Count); // a, the, 3 colours, 3 things, 3 animals, 3 verbs
        foreach (var (group, other) in new[] { (_things, _animals), (_animals, _things) })
        {
            foreach (var word in group)
            {
                var cosines = words.Nearest(word, 13).ToDictionary(x => x.Word, x => x.Cosine);
                var kin = group.Where(x => x != word).Min(x => cosines[x]);
                var strangers = other.Max(x => cosines[x]);
                Assert.True(kin > strangers + 0.1, $"{word}: {kin} to its kin, {strangers} to strangers.");
            }
        }

        var vector = new float[8];
        foreach (var word in words.Words)
        {
            words.CopyTo(word, vector);
            Assert.Equal(1, vector.Sum(x => x * x), 1e-5f);
        }
    }

    [Fact]
    public void Unknown_words_are_near_their_relatives_and_fixed()
    {
        var words = _encoder.Words;
        Assert.False(words.Knows("triangles"));
        Assert.Equal("triangle", words.Nearest("triangles", 1)[0].Word);
        Assert.Equal("horse", words.Nearest("horses", 1)[0].Word);

        // Without relatives: its own vector, the same every time.
        var (first, again, other) = (new float[8], new float[8], new float[8]);
        words.CopyTo("xyzzy", first);
        words.CopyTo("xyzzy", again);
        words.CopyTo("plugh", other);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.Equal(1, first.Sum(x => x * x), 1e-5f);
    }

    [Fact]
    public void A_caption_is_a_begin_row_and_a_row_a_word_and_is_cut_at_the_end()
    {
        var encoded = _encoder.Encode(["", "red circle", "circle red", "a red circle a red circle a red circle"]);
        Assert.Equal(4, encoded.Count);
        Assert.True(RowIsZero(0, 1) && !RowIsZero(0, 0));
        Assert.True(!RowIsZero(1, 2) && RowIsZero(1, 3));
        Assert.False(RowIsZero(3, 5));

        // Order is in the sequence, not in the mean.
        Assert.NotEqual(encoded.SequenceOf(1).ToArray(), encoded.SequenceOf(2).ToArray());
        for (var d = 0; d < 8; d++)
        {
            Assert.Equal(encoded.PooledOf(1)[d], encoded.PooledOf(2)[d], 1e-5f);
        }

        // A batch changes nothing, nor do case and punctuation.
        Assert.Equal(encoded.SequenceOf(1).ToArray(), _encoder.Encode(["RED, circle!"]).Sequence);
        Assert.NotEqual(encoded.PooledOf(0).ToArray(), encoded.PooledOf(1).ToArray());

        bool RowIsZero(int caption, int row) => encoded.SequenceOf(caption).Slice(row * 8, 8).ToArray().All(x => x == 0);
    }

    [Fact]
    public void Single_words_stay_apart()
    {
        // Class names as captions: no word has company.
        using var encoder = WordsTextEncoder.Fit(["shirt", "coat", "bag", "boot"], 2, 16, 1);
        var vectors = encoder.Encode(["shirt", "coat", "bag", "boot"]);
        for (var i = 0; i < 4; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var cosine = System.Numerics.Tensors.TensorPrimitives.CosineSimilarity(vectors.PooledOf(i), vectors.PooledOf(j));
                Assert.Equal(0, cosine, 1e-4f);
            }
        }
    }

    [Fact]
    public void Without_words_it_says_so()
    {
        Assert.Contains("needs captions", Assert.Throws<ParisInputException>(() => WordsTextEncoder.Fit(["...", ""], 4, 8, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("text.tokens", Assert.Throws<ParisInputException>(() => WordsTextEncoder.Fit(["a"], 1, 8, 1)).Message, StringComparison.Ordinal);
        using var file = SafetensorsFile.FromBytes(SafetensorsWriter.ToBytes([TensorData.Of("vectors", new float[4], 1, 4)]));
        Assert.Throws<ParisInputException>(() => WordsTextEncoder.Load(file));
    }
}
