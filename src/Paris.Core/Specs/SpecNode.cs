namespace Paris.Core.Specs;

/// <summary>A value as written, before it has a type, with the place it stands at.</summary>
internal abstract record SpecNode(string Where);

/// <summary>One value. <paramref name="Quoted"/>: certainly text.</summary>
internal sealed record SpecScalar(string Where, string Text, bool Quoted) : SpecNode(Where)
{
    public bool IsNull => !Quoted && Text is "" or "~" or "null";
}

/// <summary>A list of values.</summary>
internal sealed record SpecList(string Where, IReadOnlyList<SpecNode> Items) : SpecNode(Where);

/// <summary>Keys with values, in the order written.</summary>
internal sealed record SpecMap(string Where, IReadOnlyList<SpecEntry> Entries) : SpecNode(Where)
{
    /// <summary>Reads entries one by one and refuses a key that comes twice.</summary>
    public static void Add(List<SpecEntry> entries, SpecEntry entry)
    {
        if (entries.Exists(other => other.Key == entry.Key))
        {
            throw new ParisInputException($"{entry.Where}: key '{entry.Key}' occurs twice.");
        }

        entries.Add(entry);
    }

    /// <summary>This map with another laid over it: maps merge, everything else is replaced.</summary>
    public SpecMap With(SpecMap over)
    {
        var entries = Entries.ToList();
        foreach (var entry in over.Entries)
        {
            var index = entries.FindIndex(other => other.Key == entry.Key);
            if (index < 0)
            {
                entries.Add(entry);
            }
            else
            {
                entries[index] = entries[index].Value is SpecMap below && entry.Value is SpecMap above ? entry with { Value = below.With(above) } : entry;
            }
        }

        return this with { Entries = entries };
    }
}

/// <summary>A key, where it stands, and its value.</summary>
internal sealed record SpecEntry(string Key, string Where, SpecNode Value);
