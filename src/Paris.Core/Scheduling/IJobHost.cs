namespace Paris.Core.Scheduling;

/// <summary>What <see cref="JobMachine"/> has others do: a grain in a cluster, a list of events in a simulation.</summary>
public interface IJobHost
{
    /// <summary>Asks the scheduler for a slot; see <see cref="ReservationPolicy.Reserve"/>.</summary>
    /// <param name="record">Where its place in the queue is written.</param>
    /// <param name="endedClaim">The claim of a worker that the job knows has ended; empty: none.</param>
    Task<ReserveDecision> ReserveAsync(JobRecord record, string endedClaim);

    /// <summary>Gives a reservation back, or the place in the queue when <paramref name="reservation"/> is empty.</summary>
    Task ReleaseAsync(string reservation);

    /// <summary>The job wants to live on the silo of this address: soon this instance ends and another one begins, there or elsewhere.</summary>
    void MoveTo(string address);

    /// <summary>Calls <see cref="JobMachine.WakeAsync"/> after <paramref name="delay"/>; a later call replaces an earlier one.</summary>
    void StepAgainAfter(TimeSpan delay);

    /// <summary>The run should hear of this job's state once the present call is done.</summary>
    void TellRun();

    /// <summary>Whether the silo of this address is known to be dead: its worker is lost, however lately it was heard of.</summary>
    bool IsDead(string address);

    /// <summary>Something worth a line in the log.</summary>
    void Note(JobNote note);
}
