using Paris.Cli.Emoji;

namespace Paris.Cli.Tests.Emoji;

public sealed class EmojiSplitTests
{
    private static readonly string[] _colours = ["red", "green", "blue", "white", "black"];
    private static readonly string[] _things = ["heart", "book", "circle", "flag", "apple"];

    [Fact]
    public void Every_word_of_a_held_out_prompt_occurs_in_training_captions_of_others()
    {
        var split = EmojiSplit.Of([.. Grid(), Concept("aaaa", "unicorn"), Concept("bbbb", "red unicorn")], heldOut: 100);

        Assert.InRange(split.HeldOut.Count, 5, 15);
        foreach (var word in split.HeldOut.SelectMany(c => EmojiConcept.WordsOf(c.Caption)))
        {
            Assert.True(split.Training.Count(c => EmojiConcept.WordsOf(c.Caption).Contains(word)) >= EmojiSplit.LeastUses, word);
        }

        Assert.Empty(split.Training.Select(c => c.Hexcode).Intersect(split.HeldOut.Select(c => c.Hexcode)));
        Assert.Equal(27, split.Training.Count + split.HeldOut.Count);

        // "unicorn" has one other use, and a caption of one word asks for nothing new.
        Assert.DoesNotContain(split.HeldOut, c => c.Caption.Contains("unicorn", StringComparison.Ordinal));
    }

    [Fact]
    public void As_many_as_wanted_are_held_out_from_every_group_in_turn_and_always_the_same()
    {
        EmojiConcept[] concepts = [.. Grid(), .. Grid().Select(c => c with { Hexcode = "f" + c.Hexcode, Group = "symbols" })];
        var split = EmojiSplit.Of(concepts, heldOut: 6);

        Assert.Equal([("objects", 3), ("symbols", 3)], split.HeldOut.GroupBy(c => c.Group).Select(g => (g.Key, g.Count())));
        Assert.Equal(split.HeldOut, EmojiSplit.Of(concepts, heldOut: 6).HeldOut);
    }

    [Fact]
    public void A_large_subgroup_is_thinned_out_evenly()
    {
        EmojiConcept[] flags = [.. Enumerable.Range(0, 100).Select(i => Concept($"{i:x4}", $"flag {i}") with { Group = "flags", Subgroup = "country-flag" })];
        var split = EmojiSplit.Of([.. Grid(), .. flags], cap: 10, heldOut: 0);

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"flag {i * 10}"), split.Training.Where(c => c.Group == "flags").Select(c => c.Caption));
        Assert.Equal(25, split.Training.Count(c => c.Group == "objects"));
    }

    [Fact]
    public void The_lists_hold_every_style_of_what_is_trained_on_and_nothing_of_what_is_held_out()
    {
        using var sandbox = new Sandbox();
        EmojiFolder.Write(sandbox.Folder, [.. Grid().Select(c => new EmojiFolder.Name(c.Hexcode.ToUpperInvariant(), c.Caption, "food-drink", Noto: c.Hexcode, Fluent: c.Hexcode)), new("1f1e6", "red flag", "flags", Noto: "1f1e6")]);

        var split = EmojiLists.Write(sandbox.Folder);

        var training = File.ReadAllLines(sandbox.Path(EmojiLists.Training));
        var heldOut = File.ReadAllLines(sandbox.Path(EmojiLists.HeldOut));
        Assert.NotEmpty(split.HeldOut);
        Assert.Equal((2 * split.Training.Count, 2 * split.HeldOut.Count), (training.Length, heldOut.Length));
        Assert.DoesNotContain(training, line => split.HeldOut.Any(c => line.Contains(c.Hexcode, StringComparison.Ordinal)));
        Assert.All(training, line => Assert.Matches("^\\{\"image\":\"node_modules/.+\",\"caption\":\"[a-z]+ [a-z]+, (noto|fluent)\",\"class\":\"food-drink\"\\}$", line));
    }

    // 25 concepts: every colour with every thing, five to a subgroup.
    private static IEnumerable<EmojiConcept> Grid()
        => _colours.SelectMany((colour, i) => _things.Select((thing, j) => Concept($"1f{i}{j}0", $"{colour} {thing}") with { Subgroup = thing }));

    private static EmojiConcept Concept(string hexcode, string caption) => new(hexcode, caption, "objects", "tool", new Dictionary<string, string> { ["noto"] = hexcode + ".png" });
}
