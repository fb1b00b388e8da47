using System.Text.Json;
using Paris.Core.Storage;

namespace Paris.Core.Membership;

/// <summary>The content of <c>membership.json</c>: rows and version, changed together by one conditional write.</summary>
public sealed record MembershipDocument
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public int Version { get; init; }

    /// <summary>Random, new for every write: tells a writer whose reply was lost that the write was its own.</summary>
    public string Write { get; init; } = "";

    public IReadOnlyList<MemberRow> Rows { get; init; } = [];

    public MemberRow? Find(string silo) => Rows.FirstOrDefault(row => row.Silo == silo);

    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <exception cref="StorageFaultException">The blob holds something else.</exception>
    public static MembershipDocument Parse(byte[] bytes, string name, string store)
    {
        try
        {
            return JsonSerializer.Deserialize<MembershipDocument>(bytes, Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new StorageFaultException($"'{name}' in {store} is no membership table: {exception.Message}", exception);
        }
    }
}
