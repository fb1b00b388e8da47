using System.Globalization;

namespace Paris.Cli.Output;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    public static string Duration(double? seconds)
    {
        if (seconds is not { } value || !double.IsFinite(value) || value < 0)
        {
            return "–";
        }

        var s = (long)Math.Round(value);
        return s < 60 ? $"{s} s" : s < 3600 ? $"{s / 60}:{s % 60:00} min" : $"{s / 3600}:{s / 60 % 60:00} h";
    }

    public static string Rate(double rate, string? unit)
        => rate <= 0 ? "–" : $"{rate.ToString(rate < 10 ? "0.0" : "0", CultureInfo.InvariantCulture)} {unit ?? "steps"}/s";

    public static string Loss(double? loss) => loss is { } value ? value.ToString("0.000", CultureInfo.InvariantCulture) : "–";

    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    public static string Number(double? value, string format) => value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "–";
}
