using System.Net;
using System.Text.RegularExpressions;

namespace Paris.Gateway.Tests.Page;

public sealed partial class PageTests
{
    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/page.js", "text/javascript")]
    [InlineData("/page.css", "text/css")]
    public async Task The_page_comes_whole_from_the_gateway(string path, string type)
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client(token: false);
        var response = await client.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);

        // Nothing is fetched from elsewhere; the only foreign address is the name of the SVG namespace.
        Assert.DoesNotContain(Address().Matches(text), m => m.Value != "http://www.w3.org");
        Assert.DoesNotContain("innerHTML", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_may_load_only_its_own_parts()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client(token: false);
        var policy = (await client.GetAsync("/")).Headers.GetValues("Content-Security-Policy").Single();

        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [GeneratedRegex("https?://[a-z0-9.]+")]
    private static partial Regex Address();
}
