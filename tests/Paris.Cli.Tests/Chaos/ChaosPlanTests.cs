using Paris.Cli.Chaos;
using Paris.Core.Rest;

namespace Paris.Cli.Tests.Chaos;

public sealed class ChaosPlanTests
{
    private static readonly ChaosFault[] _all = Enum.GetValues<ChaosFault>();

    [Fact]
    public void A_plan_is_a_function_of_its_seed()
    {
        Assert.Equal(Plan(7), Plan(7));
        Assert.NotEqual(Plan(7), Plan(8));
        Assert.Equal(Plan(7, minutes: 2), Plan(7).Take(4));
    }

    [Fact]
    public void Every_kind_comes_as_often_as_the_others_in_its_time()
    {
        var plan = Plan(3, minutes: 50);

        Assert.Equal(Enumerable.Range(1, 100), plan.Select(x => x.Number));
        Assert.All(plan, x => Assert.InRange(x.At.TotalSeconds, (30 * (x.Number - 1)) + 7.5, (30 * x.Number) - 7.5));
        Assert.All(_all, kind => Assert.Equal(20, plan.Count(x => x.Fault == kind)));
        Assert.All(plan, x => Assert.True(ChaosRequest.Lasts(x.Fault) ? x.Seconds is >= 2 and <= 30 : x.Seconds == 0));
        Assert.All(plan, x => Assert.InRange(x.Pick, 0, 1));
        Assert.True(plan.Select(x => x.Choose([0, 1, 2])).Distinct().Count() == 3);
    }

    [Fact]
    public void A_pick_at_the_edge_is_the_last_candidate()
        => Assert.Equal("b", new PlannedFault(1, TimeSpan.Zero, ChaosFault.WorkerKill, 0, 1).Choose(["a", "b"]));

    [Fact]
    public async Task The_command_prints_its_plan_and_touches_nothing()
    {
        using var sandbox = new Sandbox();

        var plan = await Terminal.RunAsync(["chaos", "--plan", "--minutes", "2", "--faults", "worker-kill,silo-pause"]);

        Assert.Equal(0, plan.ExitCode);
        Assert.Equal(2, plan.Out.Split("worker-kill").Length - 1);
        Assert.Equal(2, plan.Out.Split("silo-pause").Length - 1);
        var again = await Terminal.RunAsync(["chaos", "--plan", "--minutes", "2", "--faults", "worker-kill,silo-pause", "--json"]);
        Assert.Equal(4, System.Text.Json.JsonDocument.Parse(again.Out).RootElement.GetArrayLength());
    }

    [Theory]
    [InlineData("worker-death", "--faults", "worker-death")]
    [InlineData("--every", "--every", "0")]
    [InlineData("no room", "--minutes", "0.1")]
    [InlineData("--longest", "--longest", "1")]
    public async Task A_plan_that_cannot_be_is_refused(string why, string option, string value)
    {
        using var sandbox = new Sandbox();

        Assert.Contains(why, await Terminal.RefusedAsync("chaos", "--plan", option, value), StringComparison.Ordinal);
    }

    private static IReadOnlyList<PlannedFault> Plan(ulong seed, double minutes = 5)
        => ChaosPlan.Make(seed, TimeSpan.FromMinutes(minutes), TimeSpan.FromSeconds(30), _all, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(30));
}
