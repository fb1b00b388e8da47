using System.Diagnostics;

namespace Orleans.Runtime;

/// <summary>Present when a host asked for activities over grain calls.</summary>
internal sealed class ActivityPropagation
{
    public static readonly ActivitySource Source = new("Microsoft.Orleans.Application", "1.0.0");
}
