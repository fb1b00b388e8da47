using System.Net;
using Paris.Core;
using Paris.Gateway.Security;

namespace Paris.Gateway.Tests.Security;

public sealed class SecurityTests
{
    [Fact]
    public async Task On_loopback_reads_are_open_and_changes_need_the_token()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var stranger = gateway.Client(token: false);

        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsync("/api/v1/runs/demo/cancel", null)).StatusCode);
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", new string('0', 48));
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsync("/api/v1/runs/demo/cancel", null)).StatusCode);
        Assert.Empty(gateway.Runs.Calls);
    }

    [Fact]
    public async Task A_foreign_Host_is_refused_on_loopback_too()
    {
        await using var gateway = await TestGateway.StartAsync();
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/runs");
        request.Headers.Host = "attacker.example";

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await client.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("Origin", "https://attacker.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task Changes_from_another_sites_page_are_refused_even_with_the_token(string header, string value)
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs/demo/cancel");
        request.Headers.Add(header, value);

        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(request)).StatusCode);
        Assert.Empty(gateway.Runs.Calls);
    }

    [Fact]
    public async Task The_gateways_own_origin_may_change()
    {
        await using var gateway = await TestGateway.StartAsync();
        gateway.Runs.Runs["demo"] = Views.Demo();
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/runs/demo/pause");
        request.Headers.Add("Origin", gateway.Address.Url);

        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Off_loopback_reads_need_the_token_or_the_cookie_of_a_link_that_works_once()
    {
        await using var gateway = await TestGateway.StartAsync(o =>
        {
            o.Url = "http://0.0.0.0:0";
            o.AllowPlaintext = true;
        });
        using var stranger = gateway.Client(token: false);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/healthz")).StatusCode);
        using var probe = new HttpRequestMessage(HttpMethod.Get, "/readyz") { Headers = { Host = "10.1.2.3:8420" } };
        Assert.Equal(HttpStatusCode.OK, (await stranger.SendAsync(probe)).StatusCode);

        using var owner = gateway.Client();
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/api/v1/runs")).StatusCode);
        var link = System.Text.Json.JsonDocument.Parse(await (await owner.PostAsync("/signin", null)).Content.ReadAsStringAsync()).RootElement.GetProperty("path").GetString()!;

        using var browser = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer() }) { BaseAddress = stranger.BaseAddress };
        var signed = await browser.GetAsync(link);
        Assert.Equal(HttpStatusCode.OK, signed.StatusCode);
        var cookie = signed.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsync("/api/v1/runs/demo/cancel", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(link)).StatusCode);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8420")]
    [InlineData("http://192.168.1.4:8420")]
    [InlineData("http://paris.example:8420")]
    public void Plain_HTTP_off_loopback_is_refused_unless_allowed(string url)
    {
        var message = Assert.Throws<ParisInputException>(() => new GatewayOptions { Url = url }.Validate()).Message;
        Assert.Contains("TLS", message, StringComparison.Ordinal);
        new GatewayOptions { Url = url, AllowPlaintext = true }.Validate();
        new GatewayOptions { Url = url.Replace("http:", "https:", StringComparison.Ordinal) }.Validate();
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://127.0.0.1:8420/below")]
    public void An_address_that_is_none_is_refused(string url)
        => Assert.Throws<ParisInputException>(() => new GatewayOptions { Url = url }.Validate());

    [Fact]
    public async Task The_address_file_is_the_owners_alone_and_goes_with_the_gateway()
    {
        string folder;
        await using (var gateway = await TestGateway.StartAsync())
        {
            folder = gateway.Folder;
            Assert.Equal(gateway.Address, GatewayAddressFile.Read(folder));
            Assert.True(gateway.Address.Token.Length >= 32);
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, GatewayAddressFile.FileName)));
            }
        }

        Assert.Null(GatewayAddressFile.Read(folder));
    }

    [Fact]
    public async Task A_port_in_use_is_one_sentence()
    {
        await using var gateway = await TestGateway.StartAsync();
        var exception = await Assert.ThrowsAsync<ParisInputException>(() => TestGateway.StartAsync(o => o.Url = gateway.Address.Url));

        Assert.Contains("in use", exception.Message, StringComparison.Ordinal);
    }
}
