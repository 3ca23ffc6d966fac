using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// Unicode's normalization form C: what composes in form D is composed.
/// Source: Unicode Standard Annex #15; The Unicode Standard, section 3.11.
/// </summary>
internal static class FormC
{
    // No character below it joins another or changes.
    private const char FirstMark = '\u0300';

    /// <summary>Normalizes a text; one that is in form C already is returned itself.</summary>
    public static string Normalize(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange(FirstMark, char.MaxValue) < 0 || IsSettled(text))
        {
            return text;
        }

        var characters = FormD.Characters(text);
        Compose(characters, CanonicalForms.Instance);
        var result = new StringBuilder(text.Length);
        foreach (int character in characters)
        {
            result.Append(new Rune(character));
        }

        return result.ToString();
    }

    private static bool IsSettled(string text)
    {
        var forms = CanonicalForms.Instance;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!forms.IsSettled(rune.Value))
            {
                return false;
            }
        }

        return true;
    }

    // A mark joins the last starter unless a mark between them has its class or a higher one, or another starter stands there.
    private static void Compose(List<int> characters, CanonicalForms forms)
    {
        int starter = -1;
        int last = -1;
        int end = 0;
        for (int i = 0; i < characters.Count; i++)
        {
            int character = characters[i];
            int order = forms.Class(character);
            bool blocked = last >= order && end > starter + 1;
            if (starter >= 0 && !blocked && forms.TryCompose(characters[starter], character, out int composed))
            {
                characters[starter] = composed;
                continue;
            }

            if (order == 0)
            {
                starter = end;
            }

            last = order;
            characters[end++] = character;
        }

        characters.RemoveRange(end, characters.Count - end);
    }
}
