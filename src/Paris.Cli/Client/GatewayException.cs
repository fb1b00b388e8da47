namespace Paris.Cli.Client;

/// <summary>The gateway refused or failed; the message is its sentence, the code its problem's.</summary>
public sealed class GatewayException(string message, string code, int status) : Exception(message)
{
    public string Code => code;

    public int Status => status;

    /// <summary>True when the request was wrong, not the cluster (exit code 2).</summary>
    public bool BadInput => Status is >= 400 and < 500;
}
