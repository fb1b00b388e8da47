using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Paris.Core.Specs;

/// <summary>The canonical form of a specification: every key, in the order of the records, the same bytes for equal specifications.</summary>
public static class RunSpecJson
{
    /// <summary>camelCase, strict: an unknown key, a missing one or a null that is not allowed is an error.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.General)
    {
        // Set here, not by whoever serialises first: the schema exporter refuses options without one.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        IndentSize = 2,
        NewLine = "\n",
    };

    /// <summary>The canonical bytes (UTF-8 JSON), the content of <c>runs/{run}/spec.json</c>.</summary>
    public static byte[] Serialize(RunSpec spec) => JsonSerializer.SerializeToUtf8Bytes(spec, Options);

    /// <summary>SHA-256 of the canonical bytes in lower-case hex: equal if and only if the specifications are.</summary>
    public static string Hash(RunSpec spec) => Convert.ToHexStringLower(SHA256.HashData(Serialize(spec)));

    /// <summary>Reads canonical bytes; see <see cref="RunSpecReader.Parse"/> for what is checked.</summary>
    /// <exception cref="ParisInputException">The bytes are no valid specification.</exception>
    public static RunSpec Read(ReadOnlySpan<byte> bytes, string source = "spec.json")
        => RunSpecReader.Parse(System.Text.Encoding.UTF8.GetString(bytes), source).Spec;
}
