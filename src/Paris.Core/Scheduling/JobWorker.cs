namespace Paris.Core.Scheduling;

/// <summary>The worker that a job counts as its own.</summary>
/// <param name="Silo">The worker's silo …</param>
/// <param name="Address">… and that silo's address.</param>
/// <param name="Slot">The slot it runs on.</param>
/// <param name="Claim">New for every worker start.</param>
/// <param name="Epoch">0 until the worker took the job over.</param>
/// <param name="HeardAt">When it was last heard of: a timestamp of the machine's clock.</param>
public sealed record JobWorker(string Silo, string Address, string Slot, string Claim, int Epoch, long HeardAt)
{
    public double Rate { get; init; }

    public string Unit { get; init; } = "";

    public double Seconds { get; init; }

    public double? SecondsLeft { get; init; }
}
