using System.Security.Cryptography;
using System.Text;

namespace Paris.Gateway.Security;

/// <summary>The gateway's secrets: the bearer token, the browser's session and the keys of one-time links.</summary>
public sealed class GatewayKeys(string? token)
{
    /// <summary>The cookie a one-time link sets; it opens reads, never changes.</summary>
    public const string CookieName = "paris_session";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _links = [];
    private readonly string _session = Random();

    /// <summary>The bearer token.</summary>
    public string Token { get; } = token ?? Random();

    /// <summary>The session's cookie value.</summary>
    internal string Session => _session;

    /// <summary>A key for one visit to <c>/signin?key=…</c>.</summary>
    public string CreateLinkKey()
    {
        var key = Random();
        lock (_gate)
        {
            _links.Add(key);
        }

        return key;
    }

    internal bool UseLinkKey(string? key)
    {
        lock (_gate)
        {
            return key is not null && _links.Remove(key);
        }
    }

    internal bool IsToken(string? authorization)
        => authorization is not null && authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && Equal(authorization["Bearer ".Length..].Trim(), Token);

    internal bool IsSession(string? cookie) => cookie is not null && Equal(cookie, _session);

    // Compares in constant time, so that timing tells nothing about the secret.
    private static bool Equal(string left, string right)
        => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
