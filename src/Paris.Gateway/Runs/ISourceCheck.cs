using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Gateway.Runs;

/// <summary>Looks at a spec's images before a run is accepted, where the gateway can see them.</summary>
public interface ISourceCheck
{
    /// <exception cref="ParisInputException">A source is missing, no file of its kind, or holds too little.</exception>
    void Check(RunSpec spec);
}

/// <summary>The sources lie on other machines; their workers check them.</summary>
public sealed class RemoteSourceCheck : ISourceCheck
{
    public void Check(RunSpec spec)
    {
    }
}
