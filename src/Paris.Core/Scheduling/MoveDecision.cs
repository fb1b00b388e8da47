namespace Paris.Core.Scheduling;

/// <summary>Why a job cannot be moved.</summary>
public enum MoveRefusal
{
    None = 0,

    /// <summary>No silo reports a worker of this job.</summary>
    NotRunning = 1,

    /// <summary>No silo of that name reports.</summary>
    UnknownSilo = 2,

    /// <summary>The silo has no such slot.</summary>
    UnknownSlot = 3,

    /// <summary>The job runs there already.</summary>
    AlreadyThere = 4,

    /// <summary>No slot there is what the job needs.</summary>
    DoesNotFit = 5,

    /// <summary>What fits is taken, or its silo drains.</summary>
    NoFreeSlot = 6,
}

/// <summary>The answer to a wish to move a running job: a slot set aside for it, or why not.</summary>
/// <param name="Granted">The slot; null when refused.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Message">One sentence for people: why not, and what would be possible.</param>
public sealed record MoveDecision(Reservation? Granted, MoveRefusal Refusal = MoveRefusal.None, string Message = "");
