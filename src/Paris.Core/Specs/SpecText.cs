using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Paris.Core.Specs;

/// <summary>YAML and JSON text to <see cref="SpecNode"/>s. Hostile text is refused: long, deep, with tags or recursive aliases.</summary>
internal static class SpecText
{
    public const int MaxCharacters = 1 << 20;

    private const int MaxDepth = 32;

    /// <summary>Reads YAML, or JSON where the source's name ends in <c>.json</c> or the text begins with '{'.</summary>
    /// <exception cref="ParisInputException">The text is neither; the message names the line.</exception>
    public static SpecNode Read(string text, string source)
    {
        if (text.Length > MaxCharacters)
        {
            throw new ParisInputException($"{source} has {text.Length} characters; a specification has at most {MaxCharacters}.");
        }

        var json = source.EndsWith(".json", StringComparison.OrdinalIgnoreCase)
            || (!source.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && !source.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) && text.AsSpan().TrimStart().StartsWith("{"));
        return json ? ReadJson(text, source) : ReadYaml(text, source);
    }

    public static SpecNode ReadYaml(string text, string source)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                throw new ParisInputException($"{source} is empty.");
            }

            parser.Consume<DocumentStart>();
            var node = new YamlComposer(parser, source).Compose(0);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? node : throw new ParisInputException($"{source} holds more than one document.");
        }
        catch (YamlException e)
        {
            throw new ParisInputException($"{Where(source, e.Start.Line)}: this is not YAML ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}).", e);
        }
    }

    private static SpecNode ReadJson(string text, string source)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            var node = ComposeJson(ref reader, bytes, source);
            reader.Read();
            return node;
        }
        catch (JsonException e)
        {
            var reason = e.Message.Split(" LineNumber:")[0].ReplaceLineEndings(" ").TrimEnd('.');
            throw new ParisInputException($"{Where(source, (e.LineNumber ?? 0) + 1)}: this is not JSON ({reason}).", e);
        }
        catch (InvalidOperationException e)
        {
            throw new ParisInputException($"{source} is not JSON (a string is not Unicode).", e);
        }
    }

    private static SpecNode ComposeJson(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, string source)
    {
        var where = JsonWhere(ref reader, bytes, source);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var entries = new List<SpecEntry>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = reader.GetString()!;
                    var keyWhere = JsonWhere(ref reader, bytes, source);
                    reader.Read();
                    SpecMap.Add(entries, new SpecEntry(key, keyWhere, ComposeJson(ref reader, bytes, source)));
                }

                return new SpecMap(where, entries);
            case JsonTokenType.StartArray:
                var items = new List<SpecNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ComposeJson(ref reader, bytes, source));
                }

                return new SpecList(where, items);
            case JsonTokenType.String:
                return new SpecScalar(where, reader.GetString()!, Quoted: true);
            default:
                return new SpecScalar(where, Encoding.UTF8.GetString(reader.ValueSpan), Quoted: false);
        }
    }

    private static string JsonWhere(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, string source)
        => Where(source, 1 + bytes[..(int)reader.TokenStartIndex].Count((byte)'\n'));

    private static string Where(string source, long line) => $"{source}, line {line}";

    /// <summary>Builds nodes from the parser's events.</summary>
    private sealed class YamlComposer(Parser parser, string source)
    {
        private readonly Dictionary<AnchorName, SpecNode> _anchors = [];

        public SpecNode Compose(int depth)
        {
            var first = parser.Current ?? throw new ParisInputException($"{source} ends unexpectedly.");
            var where = Where(source, first.Start.Line);
            if (depth > MaxDepth)
            {
                throw new ParisInputException($"{where}: this is nested deeper than {MaxDepth} levels.");
            }

            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                return _anchors.GetValueOrDefault(alias.Value)
                    ?? throw new ParisInputException($"{where}: there is no anchor '{alias.Value}' before this alias.");
            }

            if (first is NodeEvent { Tag.IsEmpty: false } tagged)
            {
                throw new ParisInputException($"{where}: the tag '{tagged.Tag}' has no meaning here; remove it.");
            }

            var anchor = first is NodeEvent node ? node.Anchor : AnchorName.Empty;
            var result = ComposeContent(where, depth);
            if (!anchor.IsEmpty)
            {
                _anchors[anchor] = result;
            }

            return result;
        }

        private SpecNode ComposeContent(string where, int depth)
        {
            if (parser.TryConsume<Scalar>(out var scalar))
            {
                return new SpecScalar(where, scalar.Value, scalar.Style != ScalarStyle.Plain);
            }

            if (parser.TryConsume<SequenceStart>(out _))
            {
                var items = new List<SpecNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(Compose(depth + 1));
                }

                return new SpecList(where, items);
            }

            parser.Consume<MappingStart>();
            var entries = new List<SpecEntry>();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var keyWhere = Where(source, parser.Current!.Start.Line);
                if (!parser.TryConsume<Scalar>(out var key))
                {
                    throw new ParisInputException($"{keyWhere}: a key must be plain text.");
                }

                SpecMap.Add(entries, new SpecEntry(key.Value, keyWhere, Compose(depth + 1)));
            }

            return new SpecMap(where, entries);
        }
    }
}
