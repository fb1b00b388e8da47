using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Paris.Core.Random;

namespace Paris.FaultProxy;

/// <summary>
/// An HTTP proxy in front of a store on loopback that lets a seeded share of the requests fail, and refuses all of them on demand. The n-th
/// request's fate depends on the seed and n alone.
/// </summary>
public sealed class HttpFaultProxy : IAsyncDisposable
{
    private static readonly HashSet<string> _hopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Connection" };

    private readonly Uri _target;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, AutomaticDecompression = DecompressionMethods.None })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private WebApplication _application = null!;
    private FaultProxyOptions _options;
    private volatile bool _refuse;
    private long _number;
    private long _requests;
    private long _errors;
    private long _lost;
    private long _stalls;
    private long _refused;

    private HttpFaultProxy(Uri target, FaultProxyOptions options) => (_target, _options) = (target, options);

    private enum Fate
    {
        Served,
        Busy,
        ErrorBefore,
        ErrorAfter,
        Lost,
        Stalled,
    }

    /// <summary>Where it listens: <c>http://127.0.0.1:PORT</c>.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>May be replaced at any time.</summary>
    public FaultProxyOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

    /// <summary>While true, every request and connection is broken off at once: the store is out.</summary>
    public bool Refuse
    {
        get => _refuse;
        set => _refuse = value;
    }

    public FaultProxyCounters Counters => new(
        Interlocked.Read(ref _requests), Interlocked.Read(ref _errors), Interlocked.Read(ref _lost), Interlocked.Read(ref _stalls), Interlocked.Read(ref _refused));

    /// <summary>Starts a proxy in front of <paramref name="target"/> (scheme, host and port count).</summary>
    /// <param name="target">E.g. <c>http://127.0.0.1:10000</c>.</param>
    /// <param name="options">The faults; none when null.</param>
    /// <param name="port">Where to listen on loopback; 0 takes a free port.</param>
    public static async Task<HttpFaultProxy> StartAsync(Uri target, FaultProxyOptions? options = null, int port = 0)
    {
        var proxy = new HttpFaultProxy(target, options ?? new());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        proxy._application = builder.Build();
        proxy._application.Run(proxy.HandleAsync);
        await proxy._application.StartAsync().ConfigureAwait(false);
        proxy.Address = new Uri(proxy._application.Urls.First());
        return proxy;
    }

    /// <summary>A location or connection string with the target's endpoint replaced by this proxy's.</summary>
    public string Through(string location)
        => location.Replace(_target.GetLeftPart(UriPartial.Authority), Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        // Requests on their way break off.
        _refuse = true;
        using (var now = new CancellationTokenSource())
        {
            await now.CancelAsync().ConfigureAwait(false);
            await _application.StopAsync(now.Token).ConfigureAwait(false);
        }

        await _application.DisposeAsync().ConfigureAwait(false);
        _client.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (_refuse)
        {
            Interlocked.Increment(ref _refused);
            context.Abort();
            return;
        }

        var options = Options;
        Interlocked.Increment(ref _requests);
        var fate = FateOf(options, Interlocked.Increment(ref _number) - 1);
        switch (fate)
        {
            case Fate.Busy:
                Interlocked.Increment(ref _errors);
                await FailAsync(context, 503, "ServerBusy").ConfigureAwait(false);
                return;
            case Fate.ErrorBefore:
                Interlocked.Increment(ref _errors);
                await FailAsync(context, 500, "InternalError").ConfigureAwait(false);
                return;
            case Fate.Stalled:
                Interlocked.Increment(ref _stalls);
                await Task.Delay(options.StallTime, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
        }

        try
        {
            using var request = Copy(context.Request);
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted).ConfigureAwait(false);
            if (fate is Fate.ErrorAfter or Fate.Lost)
            {
                // The target has answered, so it has done what was asked.
                await response.Content.CopyToAsync(Stream.Null, context.RequestAborted).ConfigureAwait(false);
            }

            if (fate == Fate.ErrorAfter)
            {
                Interlocked.Increment(ref _errors);
                await FailAsync(context, 500, "InternalError").ConfigureAwait(false);
            }
            else if (fate == Fate.Lost)
            {
                Interlocked.Increment(ref _lost);
                context.Abort();
            }
            else if (_refuse)
            {
                Interlocked.Increment(ref _refused);
                context.Abort();
            }
            else
            {
                await ReplyAsync(context, response).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            // The target is gone, or the client is.
            context.Abort();
        }
    }

    private static Fate FateOf(FaultProxyOptions options, long number)
    {
        var draws = new PhiloxKey(options.Seed, RandomPurpose.Simulation).AtStep(number);
        var u = draws.UniformAt(0);
        if (u < options.Errors)
        {
            return (int)(draws.UniformAt(1) * 4) switch { 0 => Fate.ErrorBefore, 1 => Fate.ErrorAfter, _ => Fate.Busy };
        }

        return u < options.Errors + options.LostReplies ? Fate.Lost
            : u < options.Errors + options.LostReplies + options.Stalls ? Fate.Stalled
            : Fate.Served;
    }

    private HttpRequestMessage Copy(HttpRequest from)
    {
        // The raw target: a signature covers the path as it was written.
        var raw = from.HttpContext.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(_target.GetLeftPart(UriPartial.Authority) + raw, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (from.ContentLength is not null || from.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(from.Body);
        }

        foreach (var (name, values) in from.Headers)
        {
            if (!_hopByHop.Contains(name) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return request;
    }

    private static async Task ReplyAsync(HttpContext context, HttpResponseMessage response)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            if (!_hopByHop.Contains(name))
            {
                context.Response.Headers[name] = values.ToArray();
            }
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static async Task FailAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["x-ms-error-code"] = code;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync($"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected</Message></Error>").ConfigureAwait(false);
    }
}
