using System.Collections.Immutable;
using Orleans.Serialization;

namespace Paris.Compat.Orleans.Tests;

/// <summary>What crosses a grain call, and what it loses on the way.</summary>
public sealed class CopyTests(OneSilo silo) : IClassFixture<OneSilo>
{
    private readonly IEchoGrain _echo = silo.Grains.GetGrain<IEchoGrain>("copies");

    [Fact]
    public async Task Arguments_and_results_are_copies()
    {
        var mine = new Parcel { Name = "a", Numbers = [1], Inner = new Parcel { Name = "b" } };
        await _echo.KeepAsync(mine);
        mine.Numbers.Add(2);
        mine.Inner.Name = "changed";
        var kept = await _echo.GetKeptAsync();
        Assert.Equal([1], kept.Numbers);
        Assert.Equal("b", kept.Inner!.Name);

        kept.Numbers.Clear();
        Assert.Equal([1], (await _echo.GetKeptAsync()).Numbers);
    }

    [Fact]
    public async Task Members_without_an_id_are_lost()
    {
        var answer = await _echo.EchoParcelAsync(new Parcel { Name = "a", Numbers = [1], Note = "lost" });
        Assert.Equal("a", answer.Name);
        Assert.Equal("", answer.Note);
    }

    [Fact]
    public async Task Records_travel_by_their_members_and_their_primary_constructor()
    {
        var init = (InitOnly)(await _echo.EchoAsync(new InitOnly { Name = "n", Tags = ["x", "y"], Metrics = new Dictionary<string, double> { ["m"] = 2 } }))!;
        Assert.Equal(("n", 2.0), (init.Name, init.Metrics["m"]));
        Assert.Equal(["x", "y"], init.Tags);

        var positional = (Positional)(await _echo.EchoAsync(new Positional("p", [3]) { Kept = 4, Lost = 5 }))!;
        Assert.Equal(("p", 4, 0), (positional.Name, positional.Kept, positional.Lost));
        Assert.Equal([3], positional.Numbers);

        Assert.Equal(new Point(1, 2), await _echo.EchoAsync(new Point(1, 2)));
        var circle = (Circle)(await _echo.EchoAsync(new Circle { Name = "c", Radius = 3, Points = [new(4, 5)] }))!;
        Assert.Equal(("c", 3.0, new Point(4, 5)), (circle.Name, circle.Radius, circle.Points[0]));
    }

    [Fact]
    public async Task A_type_without_a_serializer_does_not_travel()
    {
        await Assert.ThrowsAsync<CodecNotFoundException>(async () => await _echo.EchoAsync(new Unmarked()));
        await Assert.ThrowsAsync<CodecNotFoundException>(async () => await _echo.EchoAsync(new List<Unmarked> { new() }));
        await Assert.ThrowsAsync<CodecNotFoundException>(async () => await _echo.EchoAsync(Enumerable.Range(0, 3).Where(x => x > 0)));
        await Assert.ThrowsAsync<CodecNotFoundException>(_echo.UnmarkedResultAsync);
    }

    [Fact]
    public async Task A_collection_expression_behind_an_interface_does_not_travel()
    {
        // The compiler makes a type of its own for it, which no serializer knows.
        IReadOnlyList<int> hidden = [1, 2];
        await Assert.ThrowsAsync<CodecNotFoundException>(async () => await _echo.EchoAsync(hidden));
    }

    public static TheoryData<object> Values => new()
    {
        1, 2L, 3.5f, 4.5, 'c', true, "text", 5m, Colour.Green, Guid.Parse("00112233445566778899aabbccddeeff"), TimeSpan.FromSeconds(6),
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), new DateOnly(2026, 1, 2), new Uri("https://example.org/"), new Version(1, 2, 3),
        new byte[] { 1, 2 }, new[] { "a", "b" }, new[,] { { 1, 2 }, { 3, 4 } }, new List<double> { 1, 2 }, new HashSet<string> { "a" },
        new Dictionary<string, int> { ["a"] = 1 }, new Queue<int>([1, 2]), new Stack<int>([1, 2]), (1, "two"), Tuple.Create(1, "two"),
        new KeyValuePair<string, int>("k", 1), ImmutableArray.Create(1, 2), ImmutableList.Create("a"), ImmutableDictionary<string, int>.Empty.Add("a", 1),
        new SortedDictionary<string, int> { ["b"] = 2, ["a"] = 1 }, new List<Point> { new(1, 2) }, new Point[] { new(3, 4) },
    };

    [Theory]
    [MemberData(nameof(Values), DisableDiscoveryEnumeration = true)]
    public async Task Framework_types_travel(object value)
    {
        var answer = await _echo.EchoAsync(value);
        Assert.IsType(value.GetType(), answer);
        Assert.Equal(value, answer);
        if (value is not string and not Uri and not Version && !value.GetType().IsValueType && !value.GetType().Name.StartsWith("Immutable", StringComparison.Ordinal) && value is not Tuple<int, string>)
        {
            Assert.NotSame(value, answer);
        }
    }

    [Fact]
    public async Task A_dictionary_keeps_its_comparer()
    {
        var answer = (Dictionary<string, int>)(await _echo.EchoAsync(new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase) { ["a"] = 1 }))!;
        Assert.Equal(1, answer["A"]);
    }

    [Fact]
    public async Task Identity_is_kept_within_one_value_and_cycles_are_allowed()
    {
        var cycle = new Parcel { Name = "cycle", Numbers = [1] };
        cycle.Inner = cycle;
        var answer = await _echo.EchoParcelAsync(cycle);
        Assert.Same(answer, answer.Inner);
        Assert.NotSame(cycle, answer);
    }

    [Fact]
    public async Task An_immutable_value_is_not_copied_within_a_silo()
    {
        var frozen = new Frozen { Values = [1, 2] };
        Assert.Same(frozen, await _echo.EchoFrozenAsync(frozen));
    }

    [Fact]
    public async Task Exceptions_keep_type_message_and_numbered_members()
    {
        var failure = await Assert.ThrowsAsync<CodedException>(() => _echo.FailAsync("E7"));
        Assert.Equal(("it failed", "E7"), (failure.Message, failure.Code));

        var plain = await Assert.ThrowsAsync<InvalidOperationException>(_echo.FailWithPlainAsync);
        Assert.Equal("outer", plain.Message);
        Assert.Equal("inner", Assert.IsType<ArgumentException>(plain.InnerException).Message);
    }

    [Fact]
    public async Task Grain_references_travel_and_can_be_called()
    {
        var reference = (IEchoGrain)(await _echo.EchoAsync(silo.Grains.GetGrain<IEchoGrain>("other")))!;
        Assert.Equal("other", reference.GetPrimaryKeyString());
        Assert.Equal(7, await reference.EchoAsync(7));
        Assert.Equal(reference, silo.Grains.GetGrain<IEchoGrain>("other"));
    }
}
