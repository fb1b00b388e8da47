using System.Net;
using Orleans;
using Orleans.Runtime;
using Paris.Core.Random;
using Paris.Core.Storage;

namespace Paris.Grains.Tests.Membership;

/// <summary>
/// A silo as far as its membership goes: it calls the table when Orleans 10.2.2 would, with the same periods and the same pauses after
/// failures. Its probes see at once who is up; what is simulated is what the table alone must get right.
/// </summary>
internal sealed class SimulatedSilo
{
    private static readonly TimeSpan Probe = TimeSpan.FromSeconds(2);

    private readonly SimulatedTime _time;
    private readonly IBlobStore _store;
    private readonly IReadOnlyCollection<SimulatedSilo> _all;
    private readonly TestTable _table;
    private readonly PhiloxStream _random;

    public SimulatedSilo(SimulatedTime time, IBlobStore store, List<SimulatedSilo> all, int number, ulong seed, TimeProvider? clock = null)
    {
        _time = time;
        _store = store;
        _all = all;
        _random = new PhiloxKey(seed, RandomPurpose.Simulation).AtStep(number).Stream();
        Address = SiloAddress.New(IPAddress.Parse("10.0.0.1"), 11000 + number, number);
        _table = new TestTable(_store, Address, clock ?? time);
        all.Add(this);
    }

    public SiloAddress Address { get; }

    public bool IsUp { get; private set; }

    public SiloStatus Status { get; private set; } = SiloStatus.Created;

    /// <summary>When it became active.</summary>
    public TimeSpan? Active { get; private set; }

    /// <summary>It read that it is dead, although it was up.</summary>
    public bool WasKilled { get; private set; }

    public void Start()
    {
        IsUp = true;
        _ = StartAsync();
    }

    /// <summary>The process is gone: no call, no heartbeat, no farewell.</summary>
    public void Crash()
    {
        IsUp = false;
        _table.Dispose();
    }

    public async Task<int> DeadRowsAsync() => (await _table.ReadAll().ConfigureAwait(false)).Members.Count(x => x.Item1.Status == SiloStatus.Dead);

    private async Task StartAsync()
    {
        await RetryAsync(async () =>
        {
            await _table.InitializeMembershipTable(true).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        await SetAsync(SiloStatus.Joining).ConfigureAwait(false);
        while (IsUp && !(await TryReadAsync().ConfigureAwait(false) is { } data && data.Members.All(x => x.Item1.Status != SiloStatus.Active || IsReachable(x.Item1.SiloAddress))))
        {
            // A round of probes that nobody answers, and the pause after it.
            await Task.Delay(2 * Probe, _time).ConfigureAwait(false);
        }

        await SetAsync(SiloStatus.Active).ConfigureAwait(false);
        Active = _time.Elapsed;
        _ = PeriodicallyAsync(TimeSpan.FromSeconds(5), () => _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = Address, IAmAliveTime = _time.GetUtcNow().UtcDateTime }));
        _ = PeriodicallyAsync(TimeSpan.FromSeconds(10), async () => Look(await _table.ReadAll().ConfigureAwait(false)));
    }

    private bool IsReachable(SiloAddress address) => _all.Any(x => x.IsUp && x.Address.Equals(address));

    private async Task<MembershipTableData?> TryReadAsync()
    {
        try
        {
            var data = await _table.ReadAll().ConfigureAwait(false);
            Look(data);
            return data;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Look(MembershipTableData data)
    {
        if (IsUp && data.TryGet(Address) is { Item1.Status: SiloStatus.Dead })
        {
            WasKilled = true;
            Crash();
        }
    }

    private Task SetAsync(SiloStatus status) => RetryAsync(async () =>
    {
        var data = await _table.ReadAll().ConfigureAwait(false);
        Look(data);
        var row = data.TryGet(Address);
        var entry = row?.Item1 ?? new MembershipEntry { SiloAddress = Address, SuspectTimes = [], StartTime = _time.GetUtcNow().UtcDateTime };
        entry.Status = status;
        entry.IAmAliveTime = _time.GetUtcNow().UtcDateTime;
        if (row is null ? await _table.InsertRow(entry, data.Version.Next()).ConfigureAwait(false) : await _table.UpdateRow(entry, row.Item2, data.Version.Next()).ConfigureAwait(false))
        {
            Status = status;
            return true;
        }

        return false;
    });

    /// <summary>Contention pauses 2 to 4 s, a failure as in <see cref="PauseAfter"/>.</summary>
    private async Task RetryAsync(Func<Task<bool>> call)
    {
        for (var failures = 0; IsUp;)
        {
            try
            {
                if (await call().ConfigureAwait(false))
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromSeconds(2 + (2 * _random.NextDouble())), _time).ConfigureAwait(false);
            }
            catch (IOException)
            {
                await Task.Delay(PauseAfter(++failures), _time).ConfigureAwait(false);
            }
        }
    }

    private async Task PeriodicallyAsync(TimeSpan period, Func<Task> call)
    {
        var pause = period * _random.NextDouble();
        for (var failures = 0; ;)
        {
            await Task.Delay(pause, _time).ConfigureAwait(false);
            if (!IsUp)
            {
                return;
            }

            try
            {
                await call().ConfigureAwait(false);
                (failures, pause) = (0, period);
            }
            catch (IOException)
            {
                pause = PauseAfter(++failures);
            }
        }
    }

    /// <summary>Orleans' pauses after failures: 2 to 4 s, doubled each time, at most 64 s.</summary>
    private TimeSpan PauseAfter(int failures)
    {
        var most = Math.Min(64, 4 * Math.Pow(2, failures - 1));
        return TimeSpan.FromSeconds(most * (0.5 + (0.5 * _random.NextDouble())));
    }
}
