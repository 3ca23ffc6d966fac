using System.Globalization;

namespace IlZo.Cli;

/// <summary>Sizes of memory as they are written on the command line: bytes, or a number with KB, MB, GB, KiB, MiB or GiB.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, double Bytes)[] s_units =
    [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("B", 1), (string.Empty, 1),
    ];

    /// <summary>The bytes of a size.</summary>
    /// <param name="flag">What messages call the place of the text.</param>
    /// <param name="text">The size.</param>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static long Parse(string flag, string text)
    {
        var (unit, bytes) = Array.Find(s_units, u => text.EndsWith(u.Unit, StringComparison.OrdinalIgnoreCase));
        bool isNumber = double.TryParse(
            text[..^unit.Length].TrimEnd(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        return isNumber && number * bytes < long.MaxValue
            ? (long)(number * bytes)
            : throw new InvalidInputException($"{flag} is '{text}'; a size such as 500MB or 8GB was expected.");
    }
}
