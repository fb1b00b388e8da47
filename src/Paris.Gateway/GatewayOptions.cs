using System.ComponentModel.DataAnnotations;
using System.Net;
using Paris.Core;

namespace Paris.Gateway;

/// <summary>Where the gateway listens and whom it trusts; bound from the section <c>Gateway</c> in its own process.</summary>
public sealed class GatewayOptions
{
    public const string Section = "Gateway";

    public const int DefaultPort = 8420;

    /// <summary>The address to bind; port 0 takes a free one.</summary>
    /// <value><c>http://127.0.0.1:8420</c></value>
    [Required]
    public string Url { get; set; } = $"http://127.0.0.1:{DefaultPort}";

    /// <summary>Names a request may carry in its Host header beside the bound one and the names of loopback.</summary>
    /// <value>None.</value>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>Allows plain HTTP off loopback, for example behind a proxy that ends TLS.</summary>
    /// <value>false</value>
    public bool AllowPlaintext { get; set; }

    /// <summary>The bearer token of requests that change state, and off loopback of every request; null draws a random one at start.</summary>
    /// <value>null</value>
    public string? Token { get; set; }

    /// <summary>The local store's folder, where <c>gateway.json</c> goes; null writes none.</summary>
    /// <value>null</value>
    public string? StoreFolder { get; set; }

    /// <summary>True when only this machine can reach <see cref="Url"/>.</summary>
    public bool Loopback => IsLoopback(Parse().Host);

    /// <summary>The parsed address.</summary>
    /// <exception cref="ParisInputException">It is no http or https address.</exception>
    public Uri Parse()
        => Uri.TryCreate(Url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/"
            ? uri
            : throw new ParisInputException($"The gateway's address is '{Url}'; write it like http://127.0.0.1:{DefaultPort}.");

    /// <summary>Refuses to serve plain HTTP to a network by accident.</summary>
    /// <exception cref="ParisInputException">The address is off loopback, has no TLS and is not allowed to.</exception>
    public void Validate()
    {
        var uri = Parse();
        if (!IsLoopback(uri.Host) && uri.Scheme != Uri.UriSchemeHttps && !AllowPlaintext)
        {
            throw new ParisInputException($"The gateway's address {Url} is off loopback and has no TLS; use https, a loopback address, or allow plain HTTP explicitly (Gateway__AllowPlaintext=true).");
        }

        if (Token is { Length: < 16 })
        {
            throw new ParisInputException("The gateway's token is shorter than 16 characters; leave it out for a random one.");
        }
    }

    internal static bool IsLoopback(string host)
    {
        var name = host.Trim('[', ']');
        return name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
    }
}
