using Microsoft.Extensions.Primitives;
using Paris.Gateway.Api;

namespace Paris.Gateway.Security;

/// <summary>
/// Decides on every request before anything else sees it. The Host header must name the gateway (a foreign name means DNS rebinding);
/// requests that change state must not come from another site's page and must carry the bearer token. Reads are open on loopback, so that
/// a browser on the same machine just works; off loopback they need the token or the cookie of a one-time link.
/// </summary>
internal sealed class RequestGuard(RequestDelegate next, GatewayOptions options, GatewayKeys keys)
{
    private readonly bool _openReads = options.Loopback;
    private readonly string _boundHost = options.Parse().Host;

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";

        // Probes come by the pod's address, and learn nothing but a word.
        if (!IsOwnHost(request.Host.Host) && !IsProbe(request))
        {
            await Problems.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "forbidden", $"The Host header names '{request.Host.Host}', which is not this gateway; add it to Gateway:AllowedHosts if it should be.");
            return;
        }

        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!reads && !IsOwnOrigin(request))
        {
            await Problems.WriteAsync(context, StatusCodes.Status403Forbidden, "forbidden", "The request comes from another site's page; changes are taken from the gateway's own origin and from clients without one.");
            return;
        }

        if (!IsAllowed(request, reads))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await Problems.WriteAsync(context, StatusCodes.Status401Unauthorized, "unauthorized", "The request needs the gateway's token: send 'Authorization: Bearer …' (PARIS_TOKEN, or gateway.json under the store).");
            return;
        }

        await next(context);
    }

    private bool IsAllowed(HttpRequest request, bool reads)
    {
        if (keys.IsToken(request.Headers.Authorization))
        {
            return true;
        }

        return reads && (_openReads
            || IsProbe(request)
            || request.Path == "/signin"
            || keys.IsSession(request.Cookies[GatewayKeys.CookieName]));
    }

    private static bool IsProbe(HttpRequest request) => HttpMethods.IsGet(request.Method) && (request.Path == "/healthz" || request.Path == "/readyz");

    private bool IsOwnHost(string host)
    {
        var name = host.Trim('[', ']');
        if (name.Length == 0)
        {
            return false;
        }

        // On loopback only the names of loopback; a gateway for a network also answers to its bound and configured names.
        return GatewayOptions.IsLoopback(host)
            || name.Equals(_boundHost.Trim('[', ']'), StringComparison.OrdinalIgnoreCase)
            || options.AllowedHosts.Contains(name, StringComparer.OrdinalIgnoreCase);
    }

    private bool IsOwnOrigin(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        if (!StringValues.IsNullOrEmpty(site) && site != "same-origin" && site != "none")
        {
            return false;
        }

        var origin = request.Headers.Origin;
        if (StringValues.IsNullOrEmpty(origin))
        {
            return true;
        }

        return Uri.TryCreate(origin.ToString(), UriKind.Absolute, out var uri)
            && IsOwnHost(uri.Host)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }
}
