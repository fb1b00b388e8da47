using Paris.Core;
using Xunit;

namespace Paris.Models.Tests;

public sealed class ModelConfigTests
{
    [Fact]
    public void Values_are_found_under_every_name_and_have_their_type()
    {
        var config = Read("""{"heads": 8, "eps": 1e-5, "gated": true, "act": "gelu", "nothing": null}""");
        Assert.Equal(8, config.Int(1, "num_attention_heads", "heads"));
        Assert.Equal(1e-5, config.Double(1e-6, "eps"));
        Assert.True(config.Bool(false, "gated"));
        Assert.Equal("gelu", config.Text("quick_gelu", "act"));
        Assert.Equal(3, config.Int(3, "nothing", "absent"));
        Assert.Contains("'act' must be a whole number", Assert.Throws<ParisInputException>(() => config.Int(1, "act")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    public void What_is_no_object_is_an_input_error(string text) =>
        Assert.Contains("model's configuration", Assert.Throws<ParisInputException>(() => Read(text)).Message, StringComparison.Ordinal);

    private static ModelConfig Read(string text)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            return ModelConfig.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
