using System.Buffers;

namespace Orleans.Runtime;

/// <summary>What a migrating activation hands to the next; values are copied like call arguments.</summary>
internal sealed class MigrationContext : IDehydrationContext, IRehydrationContext
{
    private readonly Dictionary<string, object?> _values = [];

    public IEnumerable<string> Keys => _values.Keys;

    public void AddBytes(string key, ReadOnlySpan<byte> value) => _values[key] = value.ToArray();

    public bool TryAddValue<T>(string key, T? value) => _values.TryAdd(key, DeepCopier.Copy(value));

    public bool TryGetBytes(string key, out ReadOnlySequence<byte> value)
    {
        value = _values.TryGetValue(key, out var found) && found is byte[] bytes ? new ReadOnlySequence<byte>(bytes) : default;
        return !value.IsEmpty;
    }

    public bool TryGetValue<T>(string key, out T? value)
    {
        if (_values.TryGetValue(key, out var found) && found is T typed)
        {
            value = typed;
            return true;
        }

        value = default;
        return false;
    }
}
