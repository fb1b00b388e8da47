namespace Paris.Training.Jobs;

/// <summary>
/// One kind of device work. A job is created for one start of a worker, runs once and is thrown away.
/// </summary>
public interface IJob
{
    /// <summary>
    /// Runs the job to its end on the calling thread, which owns the device: no tensor, dispose scope or gradient guard crosses an
    /// <c>await</c>, and asynchronous calls to the store are waited for (<see cref="JobContext.Await(Task)"/>).
    /// Returning means that the result is committed.
    /// </summary>
    /// <exception cref="StoppedException">Stopped on request, after everything worth keeping was committed (exit code 11).</exception>
    /// <exception cref="Paris.Core.Jobs.FencedException">Another worker owns the job now (exit code 10).</exception>
    /// <exception cref="Paris.Core.ParisInputException">Spec or data are wrong; the message says what would be right (exit code 12).</exception>
    /// <exception cref="DivergedException">The training diverged and rolling back did not help (exit code 13).</exception>
    void Run(JobContext context);
}
