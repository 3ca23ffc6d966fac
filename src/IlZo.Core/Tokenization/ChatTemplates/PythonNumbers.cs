using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Numbers as Python writes and reads them.</summary>
internal static class PythonNumbers
{
    /// <summary><c>repr(float)</c>: the fewest digits that give the number back, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Represent(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        string round = number.ToString("R", CultureInfo.InvariantCulture);
        string sign = round[0] == '-' ? "-" : string.Empty;
        string unsigned = round[sign.Length..];
        int mark = unsigned.IndexOf('E');
        string mantissa = mark < 0 ? unsigned : unsigned[..mark];
        int scale = mark < 0 ? 0 : int.Parse(unsigned.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        int whole = mantissa.Contains('.') ? mantissa.IndexOf('.') : mantissa.Length;
        string all = mantissa.Replace(".", string.Empty, StringComparison.Ordinal);
        string leading = all.TrimStart('0');
        int exponent = leading.Length == 0 ? 0 : whole - 1 - (all.Length - leading.Length) + scale;
        string digits = leading.Length == 0 ? "0" : leading.TrimEnd('0');
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : string.Empty;
            return string.Create(
                CultureInfo.InvariantCulture, $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):D2}");
        }

        return sign + (exponent < 0
            ? "0." + new string('0', -exponent - 1) + digits
            : digits.Length <= exponent + 1
                ? digits.PadRight(exponent + 1, '0') + ".0"
                : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..]);
    }

    /// <summary><c>int(text, base)</c>; null where the text is none. Beyond 65 bits only the sign is right.</summary>
    /// <param name="text">Digits with a sign, single underscores between them and white space around.</param>
    /// <param name="radix">2 to 36, or 0 for that which the text's prefix says.</param>
    public static Int128? ReadInteger(string text, int radix)
    {
        var (digits, negative) = Unsigned(text);
        string prefix = digits.Length > 1 && digits[0] == '0' ? digits[..2].ToLowerInvariant() : string.Empty;
        int named = prefix switch { "0x" => 16, "0o" => 8, "0b" => 2, _ => 0 };
        if (named > 0 && (radix == 0 || radix == named))
        {
            (digits, radix) = (digits[2..].StartsWith('_') ? digits[3..] : digits[2..], named);
        }
        else if (radix == 0)
        {
            radix = digits.Trim('0', '_').Length == 0 || !digits.StartsWith('0') ? 10 : -1;
        }

        if (radix < 0 || Joined(digits) is not { } joined)
        {
            return null;
        }

        var most = Int128.One << 65;
        var value = Int128.Zero;
        foreach (char c in joined)
        {
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 0x20) - 'a' + 10 : radix;
            if (digit >= radix)
            {
                return null;
            }

            value = Int128.Min(most, (value * radix) + digit);
        }

        return negative ? -value : value;
    }

    /// <summary><c>float(text)</c>; null where the text is none.</summary>
    public static double? ReadReal(string text)
    {
        var (digits, negative) = Unsigned(text);
        double? value = digits.ToLowerInvariant() switch
        {
            "inf" or "infinity" => double.PositiveInfinity,
            "nan" => double.NaN,
            { Length: > 0 } number when (char.IsAsciiDigit(number[0]) || number[0] == '.') && Joined(number) is { } joined
                && double.TryParse(
                    joined,
                    NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
                    CultureInfo.InvariantCulture,
                    out double read) => read,
            _ => null,
        };
        return negative ? -value : value;
    }

    private static (string Digits, bool Negative) Unsigned(string text)
    {
        string trimmed = PythonText.TrimEnd(text);
        int start = 0;
        while (start < trimmed.Length && PythonText.IsSpace(trimmed[start]))
        {
            start++;
        }

        bool signed = start < trimmed.Length && trimmed[start] is '+' or '-';
        return (Ascii(trimmed[(signed ? start + 1 : start)..]), signed && trimmed[start] == '-');
    }

    // Digits of any script count.
    private static string Ascii(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber
                ? ((int)Rune.GetNumericValue(rune)).ToString(CultureInfo.InvariantCulture)
                : rune.ToString());
        }

        return result.ToString();
    }

    // The digits without the underscores between them, or null where one stands elsewhere.
    private static string? Joined(string digits)
    {
        for (int i = 0; i < digits.Length; i++)
        {
            if (digits[i] == '_' && (i == 0 || i + 1 == digits.Length || !char.IsAsciiLetterOrDigit(digits[i - 1])
                || !char.IsAsciiLetterOrDigit(digits[i + 1])))
            {
                return null;
            }
        }

        return digits.Length == 0 ? null : digits.Replace("_", string.Empty, StringComparison.Ordinal);
    }
}
