namespace Paris.Silo.Workers;

/// <summary>When a worker counts as slow and when as hung: section <c>Paris:Watchdog</c>.</summary>
public sealed record WatchdogSettings
{
    /// <summary>A step longer than this many usual ones (their median) is straggling: told, never punished.</summary>
    /// <value>10.</value>
    public double StragglerFactor { get; init; } = 10;

    /// <summary>A step that is still under way is straggling no sooner than this: previews and pauses of the machine lie below.</summary>
    /// <value>10 s.</value>
    public TimeSpan StragglerFloor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A training without a word for this long between two of its steps hangs: it is killed, and tried again as after a crash. Zero: never.</summary>
    /// <value>2 min, but at least <see cref="HangFactor"/> usual steps.</value>
    public TimeSpan HangAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Usual steps that a silence may last at least.</summary>
    /// <value>20.</value>
    public double HangFactor { get; init; } = 20;

    /// <summary>
    /// The same for every other silence: before the first steps, after the last one, and in jobs that have no steps. Zero: never.
    /// </summary>
    /// <value>15 min.</value>
    public TimeSpan QuietAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Refuses values that cannot work.</summary>
    /// <exception cref="ParisInputException">What is wrong and what would be right.</exception>
    public void Validate()
    {
        if (!(StragglerFactor > 1) || !(HangFactor >= 1))
        {
            throw new ParisInputException($"Watchdog: StragglerFactor is {StragglerFactor} and HangFactor {HangFactor}; use factors above 1.");
        }

        if (StragglerFloor < TimeSpan.Zero || HangAfter < TimeSpan.Zero || QuietAfter < TimeSpan.Zero)
        {
            throw new ParisInputException($"Watchdog: StragglerFloor {StragglerFloor}, HangAfter {HangAfter} or QuietAfter {QuietAfter} is negative; use times such as 00:02:00, or 00:00:00 to switch a limit off.");
        }
    }
}
