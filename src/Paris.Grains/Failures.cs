namespace Paris.Grains;

/// <summary>Turns the failures of Core into the one that crosses a grain call.</summary>
internal static class Failures
{
    public static async Task<T> TranslateAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (ParisInputException exception)
        {
            throw new ParisException(ParisException.BadInput, exception.Message);
        }
        catch (StorageFaultException exception)
        {
            throw new ParisException(ParisException.Unavailable, exception.Message);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new ParisException(ParisException.Unavailable, exception.Message);
        }
        catch (IOException exception)
        {
            throw new ParisException(ParisException.Unavailable, exception.Message);
        }
    }

    /// <summary>Lets a call go its way; a failure is logged, because whoever waits for its effect asks again.</summary>
    public static void Forget(this Task task, Action<Exception> log)
    {
        _ = Watch(task, log);

        static async Task Watch(Task task, Action<Exception> log)
        {
            try
            {
                await task;
            }
            catch (Exception exception)
            {
                log(exception);
            }
        }
    }
}
