using System.Globalization;
using System.Text;

namespace IlZo.Tokenization.Patterns;

/// <summary>A set of characters that a pattern names: ranges, general categories, white space, and sets within it.</summary>
internal sealed class CharacterSet
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<CharacterSet> _sets = [];
    private uint _categories;
    private bool _negated;

    /// <summary>Whether the set holds what is not in its parts.</summary>
    public CharacterSet Negated()
    {
        _negated = !_negated;
        return this;
    }

    public CharacterSet Add(int first, int last)
    {
        _ranges.Add((first, last));
        return this;
    }

    public CharacterSet Add(CharacterSet other)
    {
        _sets.Add(other);
        return this;
    }

    /// <summary>Every character.</summary>
    public static CharacterSet Everything() => new CharacterSet().Negated();

    /// <summary>Unicode's property White_Space.</summary>
    public static CharacterSet Spaces() => new CharacterSet().Add(9, 13).Add(0x20, 0x20).Add(0x85, 0x85).Add(0xA0, 0xA0).Add(0x1680, 0x1680)
        .Add(0x2000, 0x200A).Add(0x2028, 0x2029).Add(0x202F, 0x202F).Add(0x205F, 0x205F).Add(0x3000, 0x3000);

    /// <summary>The characters of a general category such as <c>Lu</c> or <c>L</c>; null for another name.</summary>
    public static CharacterSet? OfCategory(string name)
    {
        string[] names =
        [
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps",
            "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
        ];
        var set = new CharacterSet();
        for (int i = 0; i < names.Length; i++)
        {
            set._categories |= name.Length is 1 or 2 && names[i].StartsWith(name, StringComparison.Ordinal) ? 1u << i : 0;
        }

        return set._categories == 0 ? null : set;
    }

    public bool Contains(Rune rune) => _negated != (
        ((_categories >> (int)Rune.GetUnicodeCategory(rune)) & 1) != 0
        || _ranges.Exists(r => rune.Value >= r.First && rune.Value <= r.Last)
        || _sets.Exists(s => s.Contains(rune)));
}
