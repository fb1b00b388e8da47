namespace Paris.Core.Specs.Validation;

/// <summary>What a validator says about one key.</summary>
/// <param name="Path">The key, e.g. <c>expert.training.batch</c>.</param>
/// <param name="Message">One sentence with the key, its value and what would be right.</param>
public sealed record SpecFinding(string Path, string Message);

/// <summary>Collects what validators find.</summary>
public sealed class SpecFindings
{
    private readonly List<SpecFinding> _errors = [];
    private readonly List<SpecFinding> _warnings = [];

    public IReadOnlyList<SpecFinding> Errors => _errors;

    public IReadOnlyList<SpecFinding> Warnings => _warnings;

    /// <summary>The run cannot work like this.</summary>
    /// <param name="path">The key.</param>
    /// <param name="message">The sentence after the key, e.g. "is 0; it must be at least 1".</param>
    public void Error(string path, string message) => _errors.Add(new SpecFinding(path, $"'{path}' {message}."));

    /// <summary>The error of a check that throws.</summary>
    public void Error(string path, ParisInputException error) => _errors.Add(new SpecFinding(path, error.Message));

    /// <summary>The run will work, but probably not as meant.</summary>
    public void Warn(string path, string message) => _warnings.Add(new SpecFinding(path, $"'{path}' {message}."));
}
