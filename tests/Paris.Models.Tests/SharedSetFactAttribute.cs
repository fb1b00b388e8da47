using Xunit;

namespace Paris.Models.Tests;

/// <summary>A test on a fixture set that is other people's data and not in the repository.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SharedSetFactAttribute : FactAttribute
{
    public SharedSetFactAttribute(string set)
    {
        if (Fixtures.FolderWith(set) is null)
        {
            Skip = $"the fixture set '{set}' is not in the repository: set PARIS_FIXTURES to a folder that holds it";
        }
    }
}
