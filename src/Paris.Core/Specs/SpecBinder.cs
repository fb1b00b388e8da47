using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Paris.Core.Formats;

namespace Paris.Core.Specs;

/// <summary>
/// Gives <see cref="SpecNode"/>s the types of the records, as JSON. A record's missing keys take the defaults of the place it stands
/// in: <c>autoencoder.training</c> has other ones than <c>expert.training</c>.
/// </summary>
internal sealed class SpecBinder
{
    private readonly Dictionary<string, string> _places = new(StringComparer.Ordinal);

    /// <summary>Where the key of this path stands, or the nearest key above it; empty when nothing is known.</summary>
    public string Place(string path)
    {
        for (var key = path; key.Length > 0; key = key.LastIndexOf('.') is > 0 and var dot ? key[..dot] : "")
        {
            if (_places.TryGetValue(key, out var place))
            {
                return place;
            }
        }

        return "";
    }

    public JsonObject Bind(SpecNode node, Type type, object? defaults = null, string path = "")
    {
        if (node is not SpecMap map)
        {
            throw Wrong(node, path, $"should be a group of keys: {Names(type)}");
        }

        defaults ??= Activator.CreateInstance(type)!;
        var properties = Properties(type);
        foreach (var entry in map.Entries)
        {
            var name = Join(path, entry.Key);
            if (!properties.ContainsKey(entry.Key))
            {
                var near = NearestName.Of(entry.Key, properties.Keys);
                throw new ParisInputException($"{entry.Where}: unknown key '{name}'; {(near is null ? $"known are {Names(type)}." : $"did you mean '{near}'?")}");
            }

            _places[name] = entry.Where;
        }

        var result = new JsonObject();
        var given = map.Entries.ToDictionary(entry => entry.Key, StringComparer.Ordinal);
        foreach (var (key, property) in properties)
        {
            var fallback = property.GetValue(defaults);
            if (given.TryGetValue(key, out var entry))
            {
                result[key] = BindValue(entry.Value, property, fallback, Join(path, key));
            }
            else if (property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null && (fallback is null || property.PropertyType.IsValueType))
            {
                throw new ParisInputException($"{map.Where}: the key '{Join(path, key)}' is missing.");
            }
            else if (fallback is not null)
            {
                result[key] = JsonSerializer.SerializeToNode(fallback, property.PropertyType, RunSpecJson.Options);
            }
        }

        return result;
    }

    /// <summary>The keys of a record, as written in a specification.</summary>
    internal static Dictionary<string, PropertyInfo> Properties(Type type)
        => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is { IsPublic: true })
            .ToDictionary(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name), StringComparer.Ordinal);

    internal static bool IsRecord(Type type) => type.IsClass && type.Namespace == typeof(RunSpec).Namespace;

    /// <summary>The record that a list consists of; null for other types.</summary>
    internal static Type? RecordOf(Type type)
        => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && IsRecord(type.GetGenericArguments()[0]) ? type.GetGenericArguments()[0] : null;

    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    /// <summary>For people: the range of a number.</summary>
    internal static string Describe(RangeAttribute range)
    {
        var most = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        var lower = range.MinimumIsExclusive ? $"above {range.Minimum}" : $"at least {range.Minimum}";
        return most is int.MaxValue or double.MaxValue ? lower
            : range.MinimumIsExclusive || range.MaximumIsExclusive ? $"{lower} and {(range.MaximumIsExclusive ? "below" : "at most")} {range.Maximum}"
            : $"from {range.Minimum} to {range.Maximum}";
    }

    private static string Names(Type type) => string.Join(", ", Properties(type).Keys);

    private JsonNode? BindValue(SpecNode node, PropertyInfo property, object? fallback, string path)
    {
        var type = property.PropertyType;
        if (node is SpecScalar { IsNull: true })
        {
            return new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable
                ? null
                : throw Wrong(node, path, $"is empty; it should be {Kind(type)}");
        }

        if (IsRecord(type))
        {
            return Bind(node, type, fallback, path);
        }

        if (type == typeof(IReadOnlyList<string>))
        {
            if (node is not SpecList list)
            {
                throw Wrong(node, path, "should be a list");
            }

            return new JsonArray([.. list.Items.Select(item => Text(item, path))]);
        }

        if (type == typeof(IReadOnlyList<long>))
        {
            return node is SpecList numbers
                ? new JsonArray([.. numbers.Items.Select(item => item is SpecScalar { Quoted: false } scalar && long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                    ? (JsonNode)whole
                    : throw Wrong(item, path, "should be a list of whole numbers"))])
                : throw Wrong(node, path, "should be a list of whole numbers");
        }

        if (RecordOf(type) is { } element)
        {
            if (node is not SpecList list)
            {
                throw Wrong(node, path, $"should be a list of groups of keys: {Names(element)}");
            }

            var array = new JsonArray();
            foreach (var (i, item) in list.Items.Index())
            {
                _places[$"{path}[{i}]"] = item.Where;
                array.Add(Bind(item, element, null, $"{path}[{i}]"));
            }

            return array;
        }

        if (type == typeof(string))
        {
            return Text(node, path);
        }

        if (node is not SpecScalar { Quoted: false } value)
        {
            throw Wrong(node, path, $"should be {Kind(type)}");
        }

        var text = value.Text;
        if (type == typeof(bool))
        {
            return text is "true" or "false" ? text == "true" : throw Wrong(node, path, $"is '{text}'; it should be true or false");
        }

        if (type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
        {
            return integer;
        }

        if (type == typeof(ulong) && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var unsigned))
        {
            return unsigned;
        }

        if (type == typeof(double) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            return number;
        }

        throw Wrong(node, path, $"is '{text}'; it should be {Kind(type)}");
    }

    private static JsonNode Text(SpecNode node, string path) => node is SpecScalar { IsNull: false } scalar
        ? JsonValue.Create(scalar.Text)
        : throw Wrong(node, path, "should be text");

    private static string Kind(Type type) => type == typeof(int) ? "a whole number"
        : type == typeof(ulong) ? "a whole number from 0 to 18446744073709551615"
        : type == typeof(double) ? "a number"
        : type == typeof(bool) ? "true or false"
        : type == typeof(string) ? "text"
        : IsRecord(type) ? $"a group of keys: {Names(type)}"
        : "a list";

    private static ParisInputException Wrong(SpecNode node, string path, string what)
        => new(path.Length == 0 ? $"{node.Where}: a specification {what}." : $"{node.Where}: '{path}' {what}.");
}
