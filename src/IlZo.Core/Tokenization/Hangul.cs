namespace IlZo.Tokenization;

/// <summary>The arithmetic of Hangul syllables and their letters. Source: The Unicode Standard, section 3.12.</summary>
internal static class Hangul
{
    private const int FirstSyllable = 0xAC00;
    private const int FirstLeading = 0x1100;
    private const int FirstVowel = 0x1161;

    // One before the first trailing consonant: number 0 is none.
    private const int NoTrailing = 0x11A7;

    private const int Leadings = 19;
    private const int Vowels = 21;
    private const int Trailings = 28;

    /// <summary>Whether a character is a vowel or a trailing consonant that may join what stands before it.</summary>
    public static bool IsJoining(int character) =>
        character is >= FirstVowel and < FirstVowel + Vowels or > NoTrailing and < NoTrailing + Trailings;

    public static bool TryDecompose(int character, List<int> characters)
    {
        int index = character - FirstSyllable;
        if (index is < 0 or >= Leadings * Vowels * Trailings)
        {
            return false;
        }

        characters.Add(FirstLeading + (index / (Vowels * Trailings)));
        characters.Add(FirstVowel + (index / Trailings % Vowels));
        if (index % Trailings != 0)
        {
            characters.Add(NoTrailing + (index % Trailings));
        }

        return true;
    }

    public static bool TryCompose(int first, int second, out int composed)
    {
        int leading = first - FirstLeading;
        int vowel = second - FirstVowel;
        if (leading is >= 0 and < Leadings && vowel is >= 0 and < Vowels)
        {
            composed = FirstSyllable + (((leading * Vowels) + vowel) * Trailings);
            return true;
        }

        int syllable = first - FirstSyllable;
        int trailing = second - NoTrailing;
        composed = first + trailing;
        return syllable is >= 0 and < Leadings * Vowels * Trailings && syllable % Trailings == 0 && trailing is > 0 and < Trailings;
    }
}
