using Paris.Cli.Emoji;
using Paris.Core;

namespace Paris.Cli.Tests.Emoji;

public sealed class EmojiCatalogTests
{
    [Fact]
    public void Names_and_pictures_are_joined_by_the_hexcode_whatever_its_spelling()
    {
        using var sandbox = new Sandbox();
        EmojiFolder.Write(
            sandbox.Folder,
            new("2764", "red heart", Noto: "2764-fe0f", Fluent: "2764-fe0f"),
            new("1F468-200D-2695-FE0F", "man health worker", "people-body", "person-role", Noto: "1f468-200d-2695-fe0f"),
            new("1F528", "hammer"));

        var concepts = EmojiCatalog.Read(sandbox.Folder);

        Assert.Equal([("2764", "red heart"), ("1f468-200d-2695", "man health worker")], concepts.Select(c => (c.Hexcode, c.Caption)));
        Assert.Equal(["node_modules/emoji-datasource-google/img/google/64/2764-fe0f.png", "node_modules/@lobehub/fluent-emoji-3d/assets/2764-fe0f.webp"], concepts[0].Images.Values);
        Assert.Equal(["noto"], concepts[1].Images.Keys);
        Assert.Equal(("people-body", "person-role"), (concepts[1].Group, concepts[1].Subgroup));
    }

    [Fact]
    public void Skin_tones_components_and_extras_are_left_out()
    {
        using var sandbox = new Sandbox();
        EmojiFolder.Write(
            sandbox.Folder,
            new("1F44B", "waving hand", Noto: "1f44b"),
            new("1F44B-1F3FB", "waving hand: light skin tone", Skintone: 1, Noto: "1f44b-1f3fb"),
            new("1F44B-1F3FF", "waving hand: dark skin tone", Skintone: "5", Noto: "1f44b-1f3ff"),
            new("1F3FB", "light skin tone", Group: "component", Noto: "1f3fb"),
            new("E000", "a logo", Group: "extras-openmoji", Noto: "e000"));

        Assert.Equal("waving hand", Assert.Single(EmojiCatalog.Read(sandbox.Folder)).Caption);
    }

    [Fact]
    public void Without_the_packages_the_message_says_how_to_get_them()
    {
        using var sandbox = new Sandbox();
        var error = Assert.Throws<ParisInputException>(() => EmojiCatalog.Read(sandbox.Folder));
        Assert.Contains("infra/setup.sh emoji", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_list_of_names_is_bad_input()
    {
        using var sandbox = new Sandbox();
        EmojiFolder.Write(sandbox.Folder, new EmojiFolder.Name("2764", "red heart", Noto: "2764"));
        File.WriteAllText(sandbox.Path("node_modules/openmoji/data/openmoji.json"), "[{\"hexcode\": 1}]");
        Assert.Contains("openmoji.json", Assert.Throws<ParisInputException>(() => EmojiCatalog.Read(sandbox.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_are_runs_of_letters_and_digits_in_lower_case()
        => Assert.Equal(["family", "woman", "girl", "s", "1st", "o", "clock"], EmojiConcept.WordsOf("Family: woman, girl, GIRL’s 1st o’clock"));
}
