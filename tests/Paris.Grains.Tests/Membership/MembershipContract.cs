using System.Net;
using System.Reflection;
using System.Text;
using Orleans;
using Orleans.Runtime;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Grains.Tests.Membership;

/// <summary>
/// What Orleans needs of the membership table, and what it never says (reference: orleans-blob-membership.md, "must get right"). Each public
/// method is one case over an empty store; all run on a directory and on the emulator of Azure Storage.
/// </summary>
public static class MembershipContract
{
    public static TheoryData<string> Cases => [.. Methods.Select(method => method.Name)];

    private static IEnumerable<MethodInfo> Methods
        => typeof(MembershipContract).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Where(method => method.ReturnType == typeof(Task) && method.Name != nameof(CheckAsync));

    public static Task CheckAsync(string name, IBlobStore store) => (Task)Methods.Single(method => method.Name == name).Invoke(null, [store])!;

    public static async Task InitialisingTwiceKeepsWhatIsThere(IBlobStore store)
    {
        using var table = new TestTable(store, 1);
        await table.InitializeMembershipTable(true);
        var empty = await table.ReadAll();
        Assert.Equal(0, empty.Version.Version);
        Assert.Empty(empty.Members);

        await InsertAsync(table, Entry(1));
        using var second = new TestTable(store, 2);
        await Task.WhenAll(table.InitializeMembershipTable(true), second.InitializeMembershipTable(true), second.InitializeMembershipTable(false));
        var data = await second.ReadAll();
        Assert.Equal((1, 1), (data.Version.Version, data.Members.Count));
    }

    public static async Task AnInsertNeedsTheETagOfItsReadAndANewRow(IBlobStore store)
    {
        using var table = await StartAsync(store);
        var version = (await table.ReadAll()).Version;
        var next = version.Next();
        Assert.Equal((version.Version + 1, version.VersionEtag), (next.Version, next.VersionEtag));
        Assert.True(await table.InsertRow(Entry(1), next));

        var data = await table.ReadAll();
        Assert.Equal(version.Version + 1, data.Version.Version);
        Assert.NotEqual(version.VersionEtag, data.Version.VersionEtag);
        Assert.False(await table.InsertRow(Entry(2), next), "the version's ETag is old");
        Assert.False(await table.InsertRow(Entry(1), data.Version.Next()), "the row is there");
        Assert.Equal(data.Version, (await table.ReadAll()).Version);
    }

    public static async Task AnUpdateNeedsBothETagsAndARow(IBlobStore store)
    {
        using var table = await StartAsync(store);
        Assert.False(await table.UpdateRow(Entry(1), "x", (await table.ReadAll()).Version.Next()), "there is no row");
        await InsertAsync(table, Entry(1));
        var before = await table.ReadAll();
        var etag = before.TryGet(Address(1))!.Item2;
        Assert.False(await table.UpdateRow(Entry(1, SiloStatus.Active), "x", before.Version.Next()), "the row's ETag is another");
        Assert.False(await table.UpdateRow(Entry(1, SiloStatus.Active), etag, new TableVersion(7, "x")), "the version's ETag is another");
        Assert.False(await table.UpdateRow(Entry(2, SiloStatus.Active), etag, before.Version.Next()), "there is no such row");
        Assert.True(await table.UpdateRow(Entry(1, SiloStatus.Active), etag, before.Version.Next()));
        Assert.False(await table.UpdateRow(Entry(1, SiloStatus.Dead), etag, before.Version.Next()), "both are old");

        var after = await table.ReadAll();
        Assert.Equal((before.Version.Version + 1, SiloStatus.Active), (after.Version.Version, after.TryGet(Address(1))!.Item1.Status));
    }

    public static async Task OfEightRacingUpdatersOneWins(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1));
        for (var round = 0; round < 5; round++)
        {
            var data = await table.ReadAll();
            var row = data.TryGet(Address(1))!;
            var tables = Enumerable.Range(0, 8).Select(i => new TestTable(store, 10 + i)).ToArray();
            var outcomes = await Task.WhenAll(tables.Select((x, i) => Task.Run(() => x.UpdateRow(Entry(1, faultZone: i), row.Item2, data.Version.Next()))));
            Assert.Single(outcomes, true);
            var after = await tables[0].ReadAll();
            Assert.Equal((data.Version.Version + 1, Array.IndexOf(outcomes, true)), (after.Version.Version, after.TryGet(Address(1))!.Item1.FaultZone));
            Array.ForEach(tables, x => x.Dispose());
        }
    }

    public static async Task AHeartbeatTouchesNothingElse(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1, SiloStatus.Active));
        var before = await table.ReadAll();
        var time = new DateTime(2031, 2, 3, 4, 5, 6, DateTimeKind.Utc).AddTicks(1234567);

        // As Orleans calls it: an address and a time, and nothing else.
        await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address(1), IAmAliveTime = time });
        var after = await table.ReadAll();
        Assert.Equal(before.Version, after.Version);
        var entry = after.TryGet(Address(1))!.Item1;
        Assert.Equal((SiloStatus.Active, "silo-1", 30001, time), (entry.Status, entry.SiloName, entry.ProxyPort, entry.IAmAliveTime));
        Assert.True(await table.UpdateRow(Entry(1, SiloStatus.ShuttingDown), after.TryGet(Address(1))!.Item2, before.Version.Next()), "a heartbeat fails nobody's write");
    }

    public static async Task TheLaterOfRowAndHeartbeatCounts(IBlobStore store)
    {
        using var table = await StartAsync(store);
        var noon = new DateTime(2030, 1, 1, 12, 0, 0, DateTimeKind.Utc);
        await InsertAsync(table, Entry(1, alive: noon));
        await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address(1), IAmAliveTime = noon.AddSeconds(-5) });
        Assert.Equal(noon, await AliveAsync());
        await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address(1), IAmAliveTime = noon.AddSeconds(5) });
        Assert.Equal(noon.AddSeconds(5), await AliveAsync());

        async Task<DateTime> AliveAsync()
        {
            var all = (await table.ReadAll()).TryGet(Address(1))!.Item1.IAmAliveTime;
            Assert.Equal(all, (await table.ReadRow(Address(1))).Members[0].Item1.IAmAliveTime);
            return all;
        }
    }

    public static async Task TheHeartbeatIsThereBeforeTheRow(IBlobStore store)
    {
        using var table = await StartAsync(store);
        Assert.False(await table.InsertRow(Entry(1), new TableVersion(1, "x")));
        Assert.Empty((await table.ReadAll()).Members);
        Assert.Equal(["cluster/test/alive/10.0.0.1_11111-1"], await NamesAsync(store, "cluster/test/alive/"));
        await InsertAsync(table, Entry(2));
        var blobs = await NamesAsync(store, "cluster/test/");
        Assert.Equal(["cluster/test/alive/10.0.0.1_11111-1", "cluster/test/alive/10.0.0.2_11111-2", "cluster/test/membership.json"], blobs);
    }

    public static async Task ADeletedTableIsAnErrorAndNeverEmpty(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1));
        await table.DeleteMembershipTableEntries("other");
        Assert.Single((await table.ReadAll()).Members);
        await table.DeleteMembershipTableEntries("test");
        Assert.Empty(await NamesAsync(store, "cluster/"));
        var error = await Assert.ThrowsAsync<StorageFaultException>(table.ReadAll);
        Assert.Contains("'cluster/test/membership.json' is not in", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StorageFaultException>(() => table.ReadRow(Address(1)));
        await Assert.ThrowsAsync<StorageFaultException>(() => table.InsertRow(Entry(2), new TableVersion(1, "x")));
        Assert.Empty(await NamesAsync(store, "cluster/test/membership"));
    }

    public static async Task DefunctRowsGoAndTheirHeartbeatsToo(IBlobStore store)
    {
        using var table = await StartAsync(store);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        await InsertAsync(table, Entry(1, SiloStatus.Active, now.AddDays(-9)));
        await InsertAsync(table, Entry(2, SiloStatus.Dead, now.AddDays(-9)));
        await InsertAsync(table, Entry(3, SiloStatus.Joining, now.AddDays(-9)));
        await InsertAsync(table, Entry(4, SiloStatus.Dead, now.AddDays(-1)));
        await InsertAsync(table, Entry(5, SiloStatus.Dead, now.AddDays(-9)));
        await InsertAsync(table, Entry(6, SiloStatus.ShuttingDown, now));
        await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address(5), IAmAliveTime = now.AddDays(-2) });
        await InsertAsync(table, Entry(7, SiloStatus.Joining, now.AddDays(-9)));

        // Silo 3 has not been heard for long, silo 7 has just written a heartbeat, whatever its clock says.
        await store.DeleteAsync("cluster/test/alive/10.0.0.3_11111-3");
        var before = await table.ReadAll();
        await table.CleanupDefunctSiloEntries(now.AddDays(-7));
        var after = await table.ReadAll();
        Assert.Equal([1, 4, 5, 6, 7], after.Members.Select(x => x.Item1.SiloAddress.Generation).Order());
        Assert.Equal(before.Version.Version + 1, after.Version.Version);

        // Whoever drains or joins is no garbage, however young the date.
        await table.CleanupDefunctSiloEntries(now.AddMinutes(1));
        var last = await table.ReadAll();
        Assert.Equal([1, 6, 7], last.Members.Select(x => x.Item1.SiloAddress.Generation).Order());
        Assert.Equal([1, 6, 7], (await NamesAsync(store, "cluster/test/alive/")).Select(x => int.Parse(x[^1..], System.Globalization.CultureInfo.InvariantCulture)));
        await table.CleanupDefunctSiloEntries(now.AddMinutes(1));
        Assert.Equal(last.Version, (await table.ReadAll()).Version);
    }

    public static async Task EveryFieldComesBack(IBlobStore store)
    {
        using var table = await StartAsync(store);
        var time = new DateTime(2030, 5, 6, 7, 8, 9, DateTimeKind.Utc).AddTicks(1234567);
        var entry = new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Parse("fe80::1234:5%3"), 11111, 77),
            Status = SiloStatus.Stopping,
            SuspectTimes = [Tuple.Create(Address(1), time.AddTicks(1)), Tuple.Create(SiloAddress.New(IPAddress.IPv6Loopback, 1, 2), time)],
            ProxyPort = 30000,
            HostName = "höst",
            SiloName = "silo \"a\"",
            RoleName = "role",
            UpdateZone = 3,
            FaultZone = 4,
            StartTime = time,
            IAmAliveTime = time.AddTicks(3),
        };
        await InsertAsync(table, entry);
        foreach (var read in new[] { (await table.ReadAll()).Members[0].Item1, (await table.ReadRow(entry.SiloAddress)).Members[0].Item1 })
        {
            Assert.Equal(entry.SiloAddress, read.SiloAddress);
            Assert.Equal(entry.SuspectTimes, read.SuspectTimes);
            Assert.All(read.SuspectTimes!.Select(x => x.Item2).Append(read.StartTime).Append(read.IAmAliveTime), x => Assert.Equal(DateTimeKind.Utc, x.Kind));
            Assert.Equal(
                (entry.Status, entry.ProxyPort, entry.HostName, entry.SiloName, entry.RoleName, entry.UpdateZone, entry.FaultZone, entry.StartTime, entry.IAmAliveTime),
                (read.Status, read.ProxyPort, read.HostName, read.SiloName, read.RoleName, read.UpdateZone, read.FaultZone, read.StartTime, read.IAmAliveTime));
        }

        // People and other programs read the status as a word.
        Assert.Contains("\"status\": \"Stopping\"", Encoding.UTF8.GetString((await store.GetAsync("cluster/test/membership.json"))!.Bytes), StringComparison.Ordinal);
    }

    public static async Task SuspectTimesMayBeNull(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, new MembershipEntry { SiloAddress = Address(1), SuspectTimes = null! });
        await InsertAsync(table, new MembershipEntry { SiloAddress = Address(2), SuspectTimes = [] });
        var data = await table.ReadAll();
        Assert.Null(data.TryGet(Address(1))!.Item1.SuspectTimes);
        Assert.Empty(data.TryGet(Address(2))!.Item1.SuspectTimes!);
    }

    public static async Task ATimeOfUnknownKindIsUtc(IBlobStore store)
    {
        using var table = await StartAsync(store);
        var time = new DateTime(2030, 5, 6, 7, 8, 9, DateTimeKind.Unspecified);
        await InsertAsync(table, Entry(1, alive: time));
        var read = (await table.ReadAll()).Members[0].Item1.IAmAliveTime;
        Assert.Equal((time.Ticks, DateTimeKind.Utc), (read.Ticks, read.Kind));
    }

    public static async Task WhoeverChangesWhatHeReadChangesHisCopy(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1, SiloStatus.Active));
        var entry = (await table.ReadAll()).Members[0].Item1;
        entry.Status = SiloStatus.Dead;
        entry.SuspectTimes!.Add(Tuple.Create(Address(2), default(DateTime)));
        var again = (await table.ReadAll()).Members[0].Item1;
        Assert.Equal(SiloStatus.Active, again.Status);
        Assert.Empty(again.SuspectTimes!);
    }

    public static async Task ARowThatIsNotThereComesWithTheVersion(IBlobStore store)
    {
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1));
        var read = await table.ReadRow(Address(2));
        Assert.Empty(read.Members);
        Assert.Equal((await table.ReadAll()).Version, read.Version);
    }

    public static async Task OnlyActiveSilosWithAGatewayTakeClients(IBlobStore store)
    {
        var gateways = TestTable.Gateways(store);
        await gateways.InitializeGatewayListProvider();
        Assert.Empty(await gateways.GetGateways());
        using var table = await StartAsync(store);
        await InsertAsync(table, Entry(1, SiloStatus.Active));
        await InsertAsync(table, Entry(2, SiloStatus.Joining));
        await InsertAsync(table, Entry(3, SiloStatus.Active, proxyPort: 0));
        await InsertAsync(table, Entry(4, SiloStatus.Dead));
        var ipv6 = Entry(5, SiloStatus.Active);
        ipv6.SiloAddress = SiloAddress.New(IPAddress.IPv6Loopback, 11111, 5);
        await InsertAsync(table, ipv6);
        Assert.Equal(["gwy.tcp://10.0.0.1:30001/1", "gwy.tcp://[::1]:30005/5"], (await gateways.GetGateways()).Select(x => x.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(10), gateways.MaxStaleness);

        // A client that had a list keeps it; it is not told that there are none.
        await table.DeleteMembershipTableEntries("test");
        await Assert.ThrowsAsync<StorageFaultException>(gateways.GetGateways);
    }

    public static async Task AWriteWhoseReplyWasLostIsFoundDone(IBlobStore store)
    {
        var lossy = new FaultyBlobStore(store, 1, new BlobFaultOptions(), TimeProvider.System);
        using var table = await StartAsync(new LosesReplies(store));
        await InsertAsync(table, Entry(1));
        var data = await table.ReadAll();
        Assert.Equal(1, data.Version.Version);
        Assert.True(await table.UpdateRow(Entry(1, SiloStatus.Active), data.Members[0].Item2, data.Version.Next()));
        Assert.Equal((2, SiloStatus.Active), ((await table.ReadAll()).Version.Version, (await table.ReadAll()).Members[0].Item1.Status));
        Assert.False(await table.UpdateRow(Entry(1, SiloStatus.Dead), data.Members[0].Item2, data.Version.Next()), "somebody else's write is not taken for one's own");

        // A write that did not happen is the store's fault, not a lost race.
        lossy.BeginOutage(TimeSpan.FromHours(1));
        using var cut = new TestTable(lossy, 2);
        await Assert.ThrowsAsync<StorageFaultException>(() => cut.InsertRow(Entry(2), data.Version.Next()));
    }

    internal static SiloAddress Address(int number) => SiloAddress.New(IPAddress.Parse($"10.0.0.{number}"), 11111, number);

    internal static MembershipEntry Entry(int number, SiloStatus status = SiloStatus.Joining, DateTime? alive = null, int? proxyPort = null, int faultZone = 0) => new()
    {
        SiloAddress = Address(number),
        Status = status,
        SuspectTimes = [],
        ProxyPort = proxyPort ?? 30000 + number,
        HostName = "host",
        SiloName = $"silo-{number}",
        RoleName = "role",
        FaultZone = faultZone,
        StartTime = alive ?? new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc),
        IAmAliveTime = alive ?? new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc),
    };

    internal static async Task InsertAsync(IMembershipTable table, MembershipEntry entry)
#pragma warning disable CS0618 // 10.4 calls these methods InsertRowAsync and ReadAllAsync; 10.2 has no such names.
        => Assert.True(await table.InsertRow(entry, (await table.ReadAll()).Version.Next()));
#pragma warning restore CS0618

    private static async Task<TestTable> StartAsync(IBlobStore store)
    {
        var table = new TestTable(store, 99);
        await table.InitializeMembershipTable(true);
        return table;
    }

    private static async Task<string[]> NamesAsync(IBlobStore store, string prefix)
    {
        var names = new List<string>();
        await foreach (var blob in store.ListAsync(prefix))
        {
            names.Add(blob.Name);
        }

        return [.. names];
    }
}
