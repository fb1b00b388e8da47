namespace Paris.Core;

/// <summary>An error that a person can act on: what was wrong, where, and what would be right. Bad input maps to exit code 2.</summary>
public class ParisInputException : Exception
{
    public ParisInputException(string message)
        : base(message)
    {
    }

    public ParisInputException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
