#pragma warning disable ORLEANS0004 // Members without [Id] are here on purpose.

namespace Paris.Compat.Orleans.Tests;

/// <summary>A mutable message; one of its members does not travel.</summary>
[GenerateSerializer]
public sealed class Parcel
{
    [Id(0)]
    public string Name { get; set; } = "";

    [Id(1)]
    public List<int> Numbers { get; set; } = [];

    [Id(2)]
    public Parcel? Inner { get; set; }

    /// <summary>No <c>[Id]</c>: lost on the way.</summary>
    public string Note { get; set; } = "";
}

[GenerateSerializer]
public sealed record InitOnly
{
    [Id(0)]
    public required string Name { get; init; }

    [Id(1)]
    public string[] Tags { get; init; } = [];

    [Id(2)]
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
}

/// <summary>Positional: the parameters travel without <c>[Id]</c>; other members need one.</summary>
[GenerateSerializer]
public sealed record Positional(string Name, List<int> Numbers)
{
    [Id(0)]
    public int Kept { get; set; }

    public int Lost { get; set; }
}

[GenerateSerializer]
public readonly record struct Point(double X, double Y);

[GenerateSerializer]
public record Shape
{
    [Id(0)]
    public string Name { get; set; } = "";
}

[GenerateSerializer]
public sealed record Circle : Shape
{
    [Id(0)]
    public double Radius { get; set; }

    [Id(1)]
    public List<Point> Points { get; set; } = [];
}

[GenerateSerializer, Immutable]
public sealed class Frozen
{
    [Id(0)]
    public int[] Values { get; init; } = [];
}

/// <summary>Nothing says that it may cross a call.</summary>
public sealed class Unmarked
{
    public int Value { get; set; }
}

/// <summary>Enums need no mark.</summary>
public enum Colour
{
    Red = 1,
    Green = 7,
}

[GenerateSerializer]
public sealed class CodedException : Exception
{
    public CodedException()
    {
    }

    public CodedException(string message, string code)
        : base(message)
    {
        Code = code;
        Extra = "extra";
    }

    [Id(0)]
    public string Code { get; private set; } = "";

    public string Extra { get; private set; } = "";
}
