namespace Paris.Gateway.Api;

/// <summary>A request that cannot be done, with the status and code the API answers.</summary>
public sealed class ApiException(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public string Code => code;

    public static ApiException NotFound(string message) => new(404, "not-found", message);

    public static ApiException Conflict(string message) => new(409, "conflict", message);

    public static ApiException Input(string message) => new(400, "input", message);
}
