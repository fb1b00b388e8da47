using Paris.Cli.Client;
using Paris.Core.Rest;
using Spectre.Console;

namespace Paris.Cli.Output;

/// <summary>Follows a run through the gateway to its end.</summary>
internal sealed class RunFollower(GatewayClient client, CliOutput output, TimeProvider time)
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    /// <summary>Shows the run until <paramref name="done"/> holds and returns its last state.</summary>
    /// <param name="run">The run.</param>
    /// <param name="done">When to stop.</param>
    /// <param name="quiet">Shows nothing (<c>--json</c>).</param>
    /// <param name="url">Where the page is, to be shown.</param>
    /// <param name="cancellationToken">Stops following; the run goes on.</param>
    public async Task<RunView> FollowAsync(string run, Func<RunView, bool> done, bool quiet, string? url, CancellationToken cancellationToken)
    {
        if (quiet)
        {
            return await LoopAsync(run, done, null, cancellationToken);
        }

        if (!output.Interactive)
        {
            return await LoopAsync(run, done, new PlainDisplay(output.Out, time), cancellationToken);
        }

        var last = await client.GetAsync(run, cancellationToken);
        await output.Console.Live(LiveDisplay.Render(last, url)).AutoClear(false).Overflow(VerticalOverflow.Crop).StartAsync(async context =>
            last = await LoopAsync(run, done, new LiveDisplay(context, url), cancellationToken));
        return last;
    }

    private async Task<RunView> LoopAsync(string run, Func<RunView, bool> done, IRunDisplay? display, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            try
            {
                var view = await client.GetAsync(run, cancellationToken);
                failures = 0;
                display?.Update(view);
                if (done(view))
                {
                    return view;
                }
            }
            catch (GatewayException e) when (!e.BadInput && ++failures < 30)
            {
                // A silo that moves or a busy store: the run goes on, so does the wait.
            }

            await Task.Delay(s_period, time, cancellationToken);
        }
    }
}
