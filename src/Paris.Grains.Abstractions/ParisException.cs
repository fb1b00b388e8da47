namespace Paris.Grains.Abstractions;

/// <summary>
/// The one failure that crosses a grain call: a sentence for people and a code for programs.
/// </summary>
[GenerateSerializer]
[Alias("paris.exception")]
public sealed class ParisException : Exception
{
    /// <summary>The request itself is wrong (exit code 2, HTTP 400).</summary>
    public const string BadInput = "bad-input";

    /// <summary>There is no such run or job (HTTP 404).</summary>
    public const string NotFound = "not-found";

    /// <summary>The run exists with another spec, or the state does not allow the request (HTTP 409).</summary>
    public const string Conflict = "conflict";

    /// <summary>The store or the cluster cannot answer now; the same request may succeed later (HTTP 503).</summary>
    public const string Unavailable = "unavailable";

    public ParisException()
    {
    }

    public ParisException(string code, string message)
        : base(message)
    {
        Code = code;
    }

    /// <summary>One of the constants of this class.</summary>
    [Id(0)]
    public string Code { get; private set; } = Unavailable;
}
