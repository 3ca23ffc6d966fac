using System.Runtime.InteropServices;
using System.Text;

namespace IlZo.Tokenization;

/// <summary>
/// Unicode's normalization form D: characters are decomposed, and marks are put into canonical order.
/// Source: Unicode Standard Annex #15; The Unicode Standard, section 3.11.
/// </summary>
internal static class FormD
{
    /// <summary>The characters of a text in form D.</summary>
    public static List<int> Characters(string text)
    {
        var forms = CanonicalForms.Instance;
        var characters = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            forms.Decompose(rune.Value, characters);
        }

        Order(characters, forms);
        return characters;
    }

    // Sorts every run of marks by combining class; equal classes keep their order.
    private static void Order(List<int> characters, CanonicalForms forms)
    {
        var all = CollectionsMarshal.AsSpan(characters);
        for (int start = 0; start < all.Length; start++)
        {
            int end = start;
            while (end < all.Length && forms.Class(all[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                long[] keys = new long[end - start];
                for (int i = 0; i < keys.Length; i++)
                {
                    keys[i] = ((long)forms.Class(all[start + i]) << 32) | (uint)i;
                }

                keys.AsSpan().Sort(all[start..end]);
            }

            start = end;
        }
    }
}
