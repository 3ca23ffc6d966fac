using System.Globalization;
using IlZo.BuiltIn;

namespace IlZo.Tokenization;

/// <summary>
/// The character data of Unicode's normalization forms D and C, read once from an embedded file. .NET leaves it to the operating
/// system's library, which the program does without.
/// </summary>
internal sealed class CanonicalForms
{
    private static readonly Lazy<CanonicalForms> s_instance = new(() => new CanonicalForms());

    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, (int First, int Second)> _decompositions = [];
    private readonly Dictionary<(int First, int Second), int> _compositions = [];
    private readonly HashSet<int> _unsettled = [];

    private CanonicalForms()
    {
        using var reader = new StreamReader(EmbeddedFiles.Open("tokenization/CanonicalForms.txt"));
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            int mark = line.AsSpan().IndexOfAny('=', '>');
            if (mark > 0)
            {
                AddDecomposition(Code(line.AsSpan(0, mark)), line.AsSpan(mark + 1), composes: line[mark] == '=');
            }
            else
            {
                AddClasses(line);
            }
        }
    }

    public static CanonicalForms Instance => s_instance.Value;

    /// <summary>
    /// Whether a character is the same in form C wherever it stands: it starts a sequence, is composed, and joins nothing before it.
    /// </summary>
    public bool IsSettled(int character) => !_unsettled.Contains(character) && !Hangul.IsJoining(character);

    /// <summary>The canonical combining class: 0 for a character that starts a sequence.</summary>
    public int Class(int character) => _classes.GetValueOrDefault(character);

    /// <summary>Appends the full canonical decomposition.</summary>
    public void Decompose(int character, List<int> characters)
    {
        if (Hangul.TryDecompose(character, characters))
        {
            return;
        }

        if (!_decompositions.TryGetValue(character, out var parts))
        {
            characters.Add(character);
            return;
        }

        Decompose(parts.First, characters);
        if (parts.Second != 0)
        {
            Decompose(parts.Second, characters);
        }
    }

    /// <summary>The character that a pair composes to.</summary>
    public bool TryCompose(int first, int second, out int composed) =>
        Hangul.TryCompose(first, second, out composed) || _compositions.TryGetValue((first, second), out composed);

    private static int Code(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private void AddDecomposition(int character, ReadOnlySpan<char> parts, bool composes)
    {
        int space = parts.IndexOf(' ');
        int first = Code(space < 0 ? parts : parts[..space]);
        int second = space < 0 ? 0 : Code(parts[(space + 1)..]);
        _decompositions.Add(character, (first, second));
        if (composes)
        {
            _compositions.Add((first, second), character);
            _unsettled.Add(second);
        }
        else
        {
            _unsettled.Add(character);
        }
    }

    private void AddClasses(string line)
    {
        int dots = line.IndexOf("..", StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        byte value = byte.Parse(line.AsSpan(space + 1), CultureInfo.InvariantCulture);
        for (int c = Code(line.AsSpan(0, dots)); c <= Code(line.AsSpan(dots + 2, space - dots - 2)); c++)
        {
            _classes.Add(c, value);
            _unsettled.Add(c);
        }
    }
}
