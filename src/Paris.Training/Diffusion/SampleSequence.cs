using Paris.Core;
using Paris.Core.Random;

namespace Paris.Training.Diffusion;

/// <summary>
/// The order in which a trainer sees its samples: pass after pass, each a keyed permutation computed from the key and the pass alone. No
/// state: position p of the whole training is element p mod N of pass ⌊p/N⌋. Not thread-safe.
/// </summary>
public sealed class SampleSequence
{
    private readonly PhiloxKey _key;
    private long _pass = -1;
    private KeyedPermutation? _permutation;

    /// <param name="key">Seed, purpose and expert; its step becomes the pass.</param>
    /// <param name="count">N.</param>
    /// <exception cref="ParisInputException">There are no samples.</exception>
    public SampleSequence(PhiloxKey key, long count)
    {
        if (count < 1)
        {
            throw new ParisInputException("There is no sample to train on; a cluster needs at least one.");
        }

        _key = key;
        Count = count;
    }

    /// <summary>N.</summary>
    public long Count { get; }

    /// <summary>The sample at <paramref name="position"/>.</summary>
    public long this[long position]
    {
        get
        {
            var pass = position / Count;
            if (pass != _pass || _permutation is null)
            {
                _permutation = new KeyedPermutation(_key.AtStep(pass), Count);
                _pass = pass;
            }

            return _permutation[position % Count];
        }
    }
}
