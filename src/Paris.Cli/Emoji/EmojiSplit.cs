using System.Security.Cryptography;
using System.Text;

namespace Paris.Cli.Emoji;

/// <summary>
/// Which emoji are trained on and which prompts are held out. Everything is a function of the concepts alone: no random number, no clock.
/// </summary>
/// <param name="Training">Trained on, in the order of Unicode.</param>
/// <param name="HeldOut">Never seen in any style; every word of their captions occurs in at least <see cref="LeastUses"/> captions of <paramref name="Training"/>.</param>
public sealed record EmojiSplit(IReadOnlyList<EmojiConcept> Training, IReadOnlyList<EmojiConcept> HeldOut)
{
    /// <summary>Concepts kept of a subgroup.</summary>
    public const int SubgroupCap = 48;

    /// <summary>Prompts held out.</summary>
    public const int HeldOutCount = 48;

    /// <summary>Training captions that must hold a word before a prompt with it may be held out.</summary>
    public const int LeastUses = 2;

    /// <summary>
    /// The subjects of the demo, few enough for small experts to learn in minutes: faces, people, animals and plants, food, places and weather, and of
    /// the symbols the plain shapes. Flags, objects, activities and signs are left out.
    /// </summary>
    public static bool IsSubject(EmojiConcept concept)
        => concept.Group is "smileys-emotion" or "people-body" or "animals-nature" or "food-drink" or "travel-places" || concept.Subgroup == "geometric";

    /// <summary>Splits the concepts.</summary>
    /// <param name="concepts">All of them, in the order of Unicode.</param>
    /// <param name="cap">Concepts kept of a subgroup, evenly spaced over its order.</param>
    /// <param name="heldOut">Prompts wanted; fewer where not as many are answerable.</param>
    public static EmojiSplit Of(IReadOnlyList<EmojiConcept> concepts, int cap = SubgroupCap, int heldOut = HeldOutCount)
    {
        var kept = Cap(concepts, cap);
        var uses = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in kept.SelectMany(c => EmojiConcept.WordsOf(c.Caption)))
        {
            uses[word] = uses.GetValueOrDefault(word) + 1;
        }

        // Group by group in turn, so that every group is asked; within a group in the order of a hash, so that neighbours are not.
        var queues = kept
            .Where(c => EmojiConcept.WordsOf(c.Caption).Count > 1)
            .GroupBy(c => c.Group, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new Queue<EmojiConcept>(g.OrderBy(c => Hash(c.Hexcode), StringComparer.Ordinal)))
            .ToArray();
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        while (chosen.Count < heldOut && queues.Any(q => q.Count > 0))
        {
            foreach (var queue in queues)
            {
                while (chosen.Count < heldOut && queue.TryDequeue(out var concept))
                {
                    var words = EmojiConcept.WordsOf(concept.Caption);
                    if (words.All(word => uses[word] - 1 >= LeastUses))
                    {
                        foreach (var word in words)
                        {
                            uses[word]--;
                        }

                        chosen.Add(concept.Hexcode);
                        break;
                    }
                }
            }
        }

        return new EmojiSplit([.. kept.Where(c => !chosen.Contains(c.Hexcode))], [.. kept.Where(c => chosen.Contains(c.Hexcode))]);
    }

    private static EmojiConcept[] Cap(IReadOnlyList<EmojiConcept> concepts, int cap)
    {
        var sizes = concepts.GroupBy(Key).ToDictionary(g => g.Key, g => g.Count());
        var seen = new Dictionary<(string, string), int>();
        return [.. concepts.Where(concept =>
        {
            var size = sizes[Key(concept)];
            var place = seen[Key(concept)] = seen.GetValueOrDefault(Key(concept), -1) + 1;
            return size <= cap || (long)place * cap / size != (long)(place - 1) * cap / size || place == 0;
        })];

        static (string, string) Key(EmojiConcept concept) => (concept.Group, concept.Subgroup);
    }

    private static string Hash(string hexcode) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(hexcode)));
}
