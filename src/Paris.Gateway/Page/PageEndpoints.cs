using Paris.Gateway.Security;

namespace Paris.Gateway.Page;

/// <summary>The web page: three embedded files, nothing from anywhere else. It only reads; changes go through the command line.</summary>
internal static class PageEndpoints
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapPage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = Policy;
            return File("index.html", "text/html; charset=utf-8", context);
        });
        routes.MapGet("/page.css", (HttpContext context) => File("page.css", "text/css; charset=utf-8", context));
        routes.MapGet("/page.js", (HttpContext context) => File("page.js", "text/javascript; charset=utf-8", context));

        // A one-time link: whoever opens it first gets the session's cookie, which opens reads until the gateway stops.
        routes.MapGet("/signin", (string? key, HttpContext context, GatewayKeys keys) =>
        {
            if (!keys.UseLinkKey(key))
            {
                return Api.Problems.Result(StatusCodes.Status401Unauthorized, "unauthorized", "This link was used or is not one of this gateway's; ask for a new one.");
            }

            context.Response.Cookies.Append(GatewayKeys.CookieName, keys.Session, new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.IsHttps,
                Path = "/",
            });

            // Not a redirect: a browser that comes from another place sends a strict cookie only with the next request of this page.
            return Results.Content("<!doctype html><meta http-equiv=refresh content=\"0;url=/\"><a href=\"/\">Paris</a>", "text/html; charset=utf-8");
        });

        // POST with the token: a new one-time link, for whoever serves the page to another machine.
        routes.MapPost("/signin", (GatewayKeys keys) => Results.Json(new { path = $"/signin?key={keys.CreateLinkKey()}" }));
    }

    private static IResult File(string name, string type, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-cache";
        var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream($"Paris.Gateway.Page.{name}")
            ?? throw new InvalidOperationException($"The page's file {name} is not embedded in the gateway.");
        return Results.Stream(stream, type);
    }
}
