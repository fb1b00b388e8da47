using Paris.Core.Random;
using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>What happens when: a pure function of the seed, so that a run with a surprise can be repeated.</summary>
internal static class ChaosPlan
{
    /// <summary>
    /// One fault every <paramref name="every"/>, moved by up to a quarter of it either way; kinds in random order, each as often as the
    /// others. Pauses and outages last from <paramref name="shortest"/> to <paramref name="longest"/>.
    /// </summary>
    public static IReadOnlyList<PlannedFault> Make(ulong seed, TimeSpan length, TimeSpan every, IReadOnlyList<ChaosFault> faults, TimeSpan shortest, TimeSpan longest)
    {
        var key = new PhiloxKey(seed, RandomPurpose.Simulation);
        List<PlannedFault> plan = [];
        List<ChaosFault> deck = [];
        for (var i = 0; every * (i + 0.5) < length; i++)
        {
            var stream = key.AtStep(i).Stream();
            var (shift, kind, lasts, pick) = (stream.NextDouble(), stream.NextDouble(), stream.NextDouble(), stream.NextDouble());
            if (deck.Count == 0)
            {
                deck.AddRange(faults);
            }

            var fault = deck[Math.Min((int)(kind * deck.Count), deck.Count - 1)];
            deck.Remove(fault);
            plan.Add(new PlannedFault(
                i + 1,
                every * (i + 0.25 + (0.5 * shift)),
                fault,
                ChaosRequest.Lasts(fault) ? Math.Round((shortest + ((longest - shortest) * lasts)).TotalSeconds, 1) : 0,
                pick));
        }

        return plan;
    }
}
