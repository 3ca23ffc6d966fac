using System.Text;

namespace IlZo.Generation;

/// <summary>
/// Ends a text before the first of some strings, wherever the borders of its pieces are. What may be the beginning of one of them is held
/// back. The string that is complete first ends the text; of several that end at the same character, the longest.
/// </summary>
internal sealed class StopStrings
{
    private readonly IReadOnlyList<string> _strings;
    private readonly StringBuilder _held = new();

    /// <param name="strings">The strings; none for a text that only the model ends.</param>
    /// <exception cref="InvalidInputException">One of them is empty.</exception>
    public StopStrings(IReadOnlyList<string> strings)
    {
        Validate(strings);
        _strings = [.. strings.OrderByDescending(s => s.Length)];
    }

    /// <summary>Whether a string has ended the text.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Refuses strings that would end every text.</summary>
    /// <exception cref="InvalidInputException">One of them is empty.</exception>
    public static void Validate(IReadOnlyList<string> strings)
    {
        if (strings.Any(string.IsNullOrEmpty))
        {
            throw new InvalidInputException($"{Setting.StopStrings} is ''; a text of at least one character was expected.");
        }
    }

    /// <summary>Adds a piece of the text and returns what is certain to come before a string.</summary>
    public string Add(string piece)
    {
        if (IsComplete)
        {
            return string.Empty;
        }

        foreach (char c in piece)
        {
            _held.Append(c);
            if (_strings.FirstOrDefault(s => EndsWith(s, s.Length)) is { } found)
            {
                IsComplete = true;
                return Release(_held.Length - found.Length);
            }
        }

        int held = 0;
        foreach (string s in _strings)
        {
            int part = Math.Min(s.Length - 1, _held.Length);
            while (part > held && !EndsWith(s, part))
            {
                part--;
            }

            held = Math.Max(held, part);
        }

        return Release(_held.Length - held);
    }

    /// <summary>What was held back, when no piece follows.</summary>
    public string Finish() => IsComplete ? string.Empty : Release(_held.Length);

    // Whether the held text ends with the first characters of a string.
    private bool EndsWith(string s, int length)
    {
        int first = _held.Length - length;
        for (int i = length - 1; i >= 0; i--)
        {
            if (first < 0 || _held[first + i] != s[i])
            {
                return false;
            }
        }

        return true;
    }

    private string Release(int length)
    {
        string text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }
}
