namespace IlZo.Reporting;

/// <summary>Numbers for people.</summary>
internal static class Quantity
{
    // From here on counts are shortened.
    private const double ManyCounts = 1e7;

    /// <summary>Bytes in decimal units.</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        < 1e6 => FormattableString.Invariant($"{bytes / 1e3:F1} kB"),
        < 1e9 => FormattableString.Invariant($"{bytes / 1e6:F1} MB"),
        _ => FormattableString.Invariant($"{bytes / 1e9:F2} GB"),
    };

    /// <summary>Seconds in units that suit them.</summary>
    public static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
        return time.TotalHours >= 1 ? FormattableString.Invariant($"{(int)time.TotalHours} h {time.Minutes} min")
            : time.TotalMinutes >= 1 ? FormattableString.Invariant($"{time.Minutes} min {time.Seconds} s")
            : FormattableString.Invariant($"{time.TotalSeconds:F1} s");
    }

    /// <summary>How many there are of something.</summary>
    public static string Count(double count) =>
        Math.Abs(count) < ManyCounts ? FormattableString.Invariant($"{count:N0}") : Short(count);

    /// <summary>A number in the least room, for the ticks of an axis.</summary>
    public static string Short(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 1e-3 or >= 1e15 => FormattableString.Invariant($"{value:0.###e0}"),
        >= 1e9 => FormattableString.Invariant($"{value / 1e9:0.####}G"),
        >= 1e6 => FormattableString.Invariant($"{value / 1e6:0.####}M"),
        >= 1e4 => FormattableString.Invariant($"{value / 1e3:0.####}k"),
        _ => FormattableString.Invariant($"{value:0.######}"),
    };
}
