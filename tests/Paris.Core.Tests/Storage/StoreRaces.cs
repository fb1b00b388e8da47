using System.Diagnostics;
using System.Globalization;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

/// <summary>Races of whole processes, for every store that several can open.</summary>
internal static class StoreRaces
{
    /// <summary>In every round all processes create the same blob at once: one wins, and the blob is the winner's.</summary>
    public static async Task OneProcessCreatesAsync(IBlobStore store, string location, int processes, int rounds)
    {
        var racers = Enumerable.Range(0, processes)
            .Select(id => Racer.Start("create", location, "race", id.ToString(CultureInfo.InvariantCulture), rounds.ToString(CultureInfo.InvariantCulture)))
            .ToList();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                foreach (var racer in racers)
                {
                    Assert.Equal('?', racer.StandardOutput.Read());
                }

                foreach (var racer in racers)
                {
                    racer.StandardInput.Write('\n');
                    racer.StandardInput.Flush();
                }

                var winners = racers.Select((racer, id) => (Won: racer.StandardOutput.Read(), Id: id)).ToList();
                var winner = Assert.Single(winners, racer => racer.Won == '1');
                Assert.All(winners, racer => Assert.True(racer.Won is '0' or '1'));
                Assert.Equal(winner.Id.ToString(CultureInfo.InvariantCulture), await BlobStoreContract.TextAsync(store, $"race/{round}"));
            }
        }
        finally
        {
            End(racers);
        }
    }

    /// <summary>All processes raise one number by conditional writes: every value is written once, and none is lost.</summary>
    public static async Task NoConditionalWriteIsLostAsync(IBlobStore store, string location, int processes, int successes)
    {
        var racers = Enumerable.Range(0, processes)
            .Select(_ => Racer.Start("count", location, "count", successes.ToString(CultureInfo.InvariantCulture)))
            .ToList();
        try
        {
            var outputs = await Task.WhenAll(racers.Select(racer => racer.StandardOutput.ReadToEndAsync()));
            var values = outputs.SelectMany(output => output.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Select(value => int.Parse(value, CultureInfo.InvariantCulture)).Order();
            Assert.Equal(Enumerable.Range(1, processes * successes), values);
            Assert.Equal((processes * successes).ToString(CultureInfo.InvariantCulture), await BlobStoreContract.TextAsync(store, "count"));
        }
        finally
        {
            End(racers);
        }
    }

    private static void End(List<Process> racers)
    {
        foreach (var racer in racers)
        {
            if (!racer.HasExited)
            {
                racer.Kill();
            }

            racer.Dispose();
        }
    }
}
