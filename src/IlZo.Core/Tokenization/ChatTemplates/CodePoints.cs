using System.Runtime.InteropServices;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>Text as Python sees it: a sequence of code points, where .NET counts the two halves of a surrogate pair.</summary>
internal static class CodePoints
{
    public static int Count(ReadOnlySpan<char> text) => text.Length - Pairs(text);

    /// <summary>The character at a place that exists.</summary>
    public static string At(string text, int place) => Slice(text, place, place + 1, 1);

    /// <summary>
    /// The characters at <paramref name="start"/>, <paramref name="start"/> + <paramref name="step"/> … before <paramref name="stop"/>.
    /// </summary>
    public static string Slice(string text, long start, long stop, long step)
    {
        int[]? places = Pairs(text) > 0 ? Places(text) : null;
        if (step == 1)
        {
            return start < stop ? text[Place(start)..Place(stop)] : string.Empty;
        }

        var taken = new List<char>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            taken.AddRange(text.AsSpan(Place(i)..Place(i + 1)));
        }

        return new string(CollectionsMarshal.AsSpan(taken));

        int Place(long character) => places is null ? (int)character : places[character];
    }

    private static int Pairs(ReadOnlySpan<char> text)
    {
        int pairs = 0;
        for (int at; (at = text.IndexOfAnyInRange('\uD800', '\uDBFF')) >= 0; text = text[(at + 1)..])
        {
            pairs += at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 1 : 0;
        }

        return pairs;
    }

    // Where each character begins, and the end of the text.
    private static int[] Places(string text)
    {
        var places = new List<int>(text.Length + 1);
        for (int at = 0; at < text.Length; at += char.IsSurrogatePair(text, at) ? 2 : 1)
        {
            places.Add(at);
        }

        return [.. places, text.Length];
    }
}
