using System.Text.Json;
using Paris.Core.Rest;

namespace Paris.Gateway.Api;

/// <summary>Errors as <c>application/problem+json</c>: one sentence, a status, a code.</summary>
internal static class Problems
{
    public static IResult Result(int status, string code, string title)
        => Results.Json(new ProblemView(OneLine(title), status, code), RestJson.Wire, "application/problem+json", status);

    public static Task WriteAsync(HttpContext context, int status, string code, string title)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new ProblemView(OneLine(title), status, code), RestJson.Wire));
    }

    private static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
