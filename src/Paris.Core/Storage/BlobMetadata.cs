namespace Paris.Core.Storage;

/// <summary>The rules for metadata, the same for every store: what an HTTP header takes.</summary>
internal static class BlobMetadata
{
    internal static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();

    /// <summary>Refuses keys that are no lower-case C identifiers and values that are empty or not printable ASCII.</summary>
    internal static IReadOnlyDictionary<string, string> Check(IReadOnlyDictionary<string, string>? metadata, string name)
    {
        foreach (var (key, value) in metadata ?? Empty)
        {
            if (key.Length == 0 || char.IsAsciiDigit(key[0]) || !key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
            {
                throw new ParisInputException($"Metadata key '{key}' of blob '{name}' is no C identifier in lower case.");
            }

            if (value.Length == 0 || value.Any(c => c is < ' ' or > '~') || value != value.Trim())
            {
                throw new ParisInputException($"Metadata '{key}' of blob '{name}' is not plain ASCII text without spaces around it.");
            }
        }

        return metadata ?? Empty;
    }
}
