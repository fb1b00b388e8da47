using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Paris.Core.Storage;
using Paris.FaultProxy;
using Xunit;

namespace Paris.Core.Tests.Storage;

/// <summary>The proxy that the tests of storage faults stand on, in front of a server that counts, and of the emulator.</summary>
[Collection(AzuriteGroup.Name)]
public sealed class FaultProxyTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private WebApplication _target = null!;
    private int _served;

    private Uri Target => new(_target.Urls.First());

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        _target = builder.Build();
        _target.Run(async context =>
        {
            Interlocked.Increment(ref _served);
            var body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await context.Response.WriteAsJsonAsync(new Echo(context.Request.Method, context.Request.Path + context.Request.QueryString, context.Request.Headers["x-note"].ToString(), body));
        });
        await _target.StartAsync();
    }

    public async Task DisposeAsync() => await _target.DisposeAsync();

    [Fact]
    public async Task WithoutFaultsRequestAndAnswerPassUnchanged()
    {
        await using var proxy = await HttpFaultProxy.StartAsync(Target);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        using var request = new HttpRequestMessage(HttpMethod.Put, "/a%2Fb?comp=block&x=%20") { Content = new StringContent("content") };
        request.Headers.Add("x-note", "kept");
        using var answer = await client.SendAsync(request);
        Assert.Equal(new Echo("PUT", "/a%2Fb?comp=block&x=%20", "kept", "content"), await answer.Content.ReadFromJsonAsync<Echo>());
        Assert.Equal(new FaultProxyCounters(1, 0, 0, 0, 0), proxy.Counters);
    }

    [Fact]
    public async Task TheSeedDecidesWhichRequestsFail()
    {
        var options = new FaultProxyOptions { Seed = 3, Errors = 0.2, LostReplies = 0.2, Stalls = 0.1, StallTime = TimeSpan.FromMilliseconds(1) };
        var first = await FatesAsync(options);
        var served = _served;
        Assert.Equal(first, await FatesAsync(options));
        Assert.NotEqual(first, await FatesAsync(options with { Seed = 4 }));
        Assert.InRange(first.Count(fate => fate is 500 or 503), 20, 60);
        Assert.InRange(first.Count(fate => fate == 0), 20, 60);
        Assert.Contains(500, first);
        Assert.Contains(503, first);

        // A lost reply belongs to a request that was done; a 503 to one that was not.
        Assert.InRange(served, first.Count(fate => fate is 200 or 0), first.Count(fate => fate != 503));
    }

    [Fact]
    public async Task AnOutageBreaksEverythingOffUntilItEnds()
    {
        await using var proxy = await HttpFaultProxy.StartAsync(Target);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        proxy.Refuse = true;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.PostAsync("/", new StringContent("a")));
        Assert.Equal((0, true), (_served, proxy.Counters.Refused > 0));
        proxy.Refuse = false;
        using var answer = await client.PostAsync("/", new StringContent("a"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, _served);
    }

    /// <summary>Signatures, ranges, conditions and lists survive the way through it.</summary>
    [AzuriteTheory]
    [MemberData(nameof(AzureBlobStoreTests.Contract), MemberType = typeof(AzureBlobStoreTests))]
    public async Task AStoreBehindItKeepsTheContract(string name)
    {
        await using var proxy = await HttpFaultProxy.StartAsync(azurite.Endpoint!);
        await BlobStoreContract.CheckAsync(name, BlobStoreFactory.Open(proxy.Through($"azure:{azurite.ConnectionString}container=test-{Guid.NewGuid():n}")));
    }

    /// <summary>The status of 200 requests; 0 where the answer was lost. A POST is never repeated by the client.</summary>
    private async Task<List<int>> FatesAsync(FaultProxyOptions options)
    {
        _served = 0;
        await using var proxy = await HttpFaultProxy.StartAsync(Target, options);
        using var client = new HttpClient { BaseAddress = proxy.Address };
        var fates = new List<int>();
        for (var i = 0; i < 200; i++)
        {
            try
            {
                using var answer = await client.PostAsync("/", new StringContent("a"));
                fates.Add((int)answer.StatusCode);
            }
            catch (HttpRequestException)
            {
                fates.Add(0);
            }
        }

        var counters = proxy.Counters;
        Assert.Equal((200, fates.Count(fate => fate is 500 or 503), fates.Count(fate => fate == 0)), (counters.Requests, counters.Errors, counters.LostReplies));
        Assert.InRange(counters.Stalls, 5, 40);
        return fates;
    }

    private sealed record Echo(string Method, string Target, string Note, string Body);
}
