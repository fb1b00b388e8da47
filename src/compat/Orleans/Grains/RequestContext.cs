namespace Orleans.Runtime;

/// <summary>Values that travel with every call made from here, and with the calls those make.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<Dictionary<string, object>?> Values = new();

    public static IEnumerable<string> Keys => Values.Value?.Keys ?? Enumerable.Empty<string>();

    public static IEnumerable<KeyValuePair<string, object>> Entries => Values.Value ?? Enumerable.Empty<KeyValuePair<string, object>>();

    internal static Dictionary<string, object>? Snapshot => Values.Value;

    public static object? Get(string key) => Values.Value is { } values && values.TryGetValue(key, out var value) ? value : null;

    public static void Set(string key, object value)
    {
        // A dictionary is never changed once published: other flows of control hold the same object.
        var next = Values.Value is { } current ? new Dictionary<string, object>(current) : [];
        next[key] = value;
        Values.Value = next;
    }

    public static bool Remove(string key)
    {
        if (Values.Value is not { } current || !current.ContainsKey(key))
        {
            return false;
        }

        var next = new Dictionary<string, object>(current);
        next.Remove(key);
        Values.Value = next.Count == 0 ? null : next;
        return true;
    }

    public static void Clear() => Values.Value = null;

    internal static void Import(Dictionary<string, object>? values) => Values.Value = values;
}
