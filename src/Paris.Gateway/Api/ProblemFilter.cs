using Paris.Core;
using Paris.Core.Storage;

namespace Paris.Gateway.Api;

/// <summary>Turns what handlers throw into problems; a fault of ours is logged and answered without its stack.</summary>
internal sealed partial class ProblemFilter(ILogger<ProblemFilter> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ApiException e)
        {
            return Problems.Result(e.Status, e.Code, e.Message);
        }
        catch (ParisInputException e)
        {
            return Problems.Result(StatusCodes.Status400BadRequest, "input", e.Message);
        }
        catch (BlobNotFoundException e)
        {
            return Problems.Result(StatusCodes.Status404NotFound, "not-found", e.Message);
        }
        catch (StorageFaultException e)
        {
            return Problems.Result(StatusCodes.Status503ServiceUnavailable, "unavailable", e.Message);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
#pragma warning disable CA1031 // The last resort of a request: logged here, answered without details.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(context.HttpContext.Request.Method, context.HttpContext.Request.Path, e);
            return Problems.Result(StatusCodes.Status500InternalServerError, "failed", "The gateway failed; its log says why.");
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogFailed(string method, string path, Exception exception);
}
