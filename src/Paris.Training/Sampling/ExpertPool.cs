using Paris.Models;

namespace Paris.Training.Sampling;

/// <summary>An expert that an <see cref="ExpertPool"/> can read.</summary>
/// <param name="Shape">Its dimensions.</param>
/// <param name="Read">Fills a model of that shape with its weights.</param>
public sealed record PooledExpert(DiTShape Shape, Action<DiTExpert> Read)
{
    /// <summary>What it takes in memory: single precision, whatever the file holds.</summary>
    public long Bytes => sizeof(float) * Shape.ExpertParameters();
}

/// <summary>
/// An ensemble's experts within a bound of memory: one is read when a step asks for it, and the one that was unused for longest makes room.
/// A model that makes room for one of its own shape is filled anew, so memory neither grows nor doubles while weights change.
/// </summary>
/// <param name="find">Expert k.</param>
/// <param name="most">Experts at once; 0: as many as <paramref name="bytes"/> allows.</param>
/// <param name="bytes">Memory for them, where <paramref name="most"/> is 0. One expert is held whatever its size.</param>
public sealed class ExpertPool(Func<int, PooledExpert> find, int most, long bytes) : IDisposable
{
    private readonly Dictionary<int, DiTExpert> _resident = [];

    /// <summary>The resident experts, the last used one at the end.</summary>
    private readonly List<int> _used = [];

    /// <summary>Experts read so far, every time counted.</summary>
    public int Reads { get; private set; }

    /// <summary>The experts in memory, the one unused for longest first.</summary>
    public IReadOnlyList<int> Resident => _used;

    /// <summary>The order in which a step should ask for experts: those in memory first, so that none is thrown out before it served.</summary>
    public IReadOnlyList<int> Order(IEnumerable<int> wanted) => [.. wanted.OrderBy(k => _resident.ContainsKey(k) ? 0 : 1)];

    /// <summary>Expert k; valid until another one is asked for.</summary>
    public DiTExpert Get(int k)
    {
        if (!_resident.TryGetValue(k, out var model))
        {
            var expert = find(k);
            model = MakeRoom(expert) ?? new DiTExpert(expert.Shape);
            try
            {
                expert.Read(model);
            }
            catch
            {
                model.Dispose();
                throw;
            }

            Reads++;
            _resident[k] = model;
        }

        _used.Remove(k);
        _used.Add(k);
        return model;
    }

    public void Dispose()
    {
        foreach (var model in _resident.Values)
        {
            model.Dispose();
        }

        _resident.Clear();
        _used.Clear();
    }

    /// <summary>Throws out what is in the way; returns a model that can be filled anew, or null.</summary>
    private DiTExpert? MakeRoom(PooledExpert next)
    {
        DiTExpert? again = null;
        while (_used.Count > 0 && (most > 0 ? _used.Count >= most : _used.Sum(k => find(k).Bytes) + next.Bytes > bytes))
        {
            var oldest = _used[0];
            _used.RemoveAt(0);
            _resident.Remove(oldest, out var model);
            if (again is null && find(oldest).Shape == next.Shape)
            {
                again = model;
            }
            else
            {
                model!.Dispose();
            }
        }

        return again;
    }
}
