namespace Paris.Core.Faults;

/// <summary>
/// A named place at which a test or a chaos run makes something go wrong; <c>docs/faults.md</c> lists them. Its name elsewhere is in kebab case:
/// <c>checkpoint-before-upload</c>.
/// </summary>
public enum FaultPoint
{
    /// <summary>A worker process was told to start a job and has done nothing yet.</summary>
    WorkerStart = 0,

    /// <summary>Before the conditional PUT that takes a job over.</summary>
    TakeOverBefore = 1,

    /// <summary>The job is taken over; its first step has not begun.</summary>
    TakeOverAfter = 2,

    /// <summary>Before a checkpoint's blob is uploaded.</summary>
    CheckpointBeforeUpload = 3,

    /// <summary>The blob is in the store; the head does not name it.</summary>
    CheckpointAfterUpload = 4,

    /// <summary>Before the conditional PUT that changes the head.</summary>
    HeadBeforeCommit = 5,

    /// <summary>The head names the checkpoint or the result; the worker does not know yet.</summary>
    HeadAfterCommit = 6,

    /// <summary>A job has a reservation on its own silo and has not asked the agent yet.</summary>
    GrantBeforeStart = 7,

    /// <summary>A silo's agent is asked to start a worker.</summary>
    AgentTryStart = 8,

    /// <summary>An agent is about to tell a job about its worker.</summary>
    ReportLost = 9,
}
