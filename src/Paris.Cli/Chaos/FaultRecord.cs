using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>One fault and what became of it.</summary>
internal sealed record FaultRecord
{
    public required int Number { get; init; }

    /// <summary>Seconds from the start of the faults.</summary>
    public required double At { get; init; }

    public required ChaosFault Fault { get; init; }

    public required string Silo { get; init; }

    public string? Job { get; init; }

    /// <summary>How long it lasted; 0 for kills.</summary>
    public double Seconds { get; init; }

    /// <summary>Jobs that the fault touched.</summary>
    public IReadOnlyList<string> Touched { get; init; } = [];

    /// <summary>Seconds until the last touched job trained again, from the kill or from the end of a pause or an outage; null: not within the limit.</summary>
    public double? Recovery { get; init; }

    /// <summary>Steps done twice by the touched jobs: reached less resumed.</summary>
    public long StepsLost { get; init; }

    /// <summary>Jobs that the fault did not touch and that were replaced all the same.</summary>
    public IReadOnlyList<string> Disturbed { get; init; } = [];

    /// <summary>Why the fault did not happen; null when it did.</summary>
    public string? Skipped { get; init; }
}
