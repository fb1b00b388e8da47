using Paris.Core.Rest;

namespace Paris.Cli.Output;

/// <summary>Shows a run while it goes on.</summary>
internal interface IRunDisplay
{
    /// <summary>Shows the newest state; called about once a second.</summary>
    void Update(RunView run);
}
