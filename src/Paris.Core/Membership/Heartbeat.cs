namespace Paris.Core.Membership;

/// <summary>What a reader of the store sees of one silo's heartbeat.</summary>
/// <param name="Silo">The silo's address as text.</param>
/// <param name="ETag">Changes with every heartbeat; null: the silo has no heartbeat blob.</param>
/// <param name="Written">When it was written, by the server's clock.</param>
public readonly record struct Heartbeat(string Silo, string? ETag, DateTimeOffset Written);
