namespace Paris.Training.Jobs;

/// <summary>The job stopped because it was told to, after its last commit (exit code 11).</summary>
public sealed class StoppedException(string message) : Exception(message);

/// <summary>The training diverged several times in a row although each bad batch was skipped (exit code 13).</summary>
public sealed class DivergedException(string message) : Exception(message);
