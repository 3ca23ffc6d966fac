using System.Text;
using System.Text.RegularExpressions;

namespace IlZo.Tasks;

/// <summary>
/// How well a generated answer matches the gold ones, by the words of both (SQuAD's evaluation as in princeton-nlp/MeZO,
/// <c>large_models/metrics.py</c>).
/// </summary>
internal static partial class AnswerMatch
{
    // A first gold answer that says there is none must be given exactly.
    private static readonly string[] s_noAnswer = ["CANNOTANSWER", "no answer"];

    /// <summary>Lower case, without ASCII punctuation and the words a, an and the, with single spaces between words.</summary>
    public static string Normalize(string text)
    {
        var letters = new StringBuilder(text.Length);
        foreach (char c in text.ToLowerInvariant())
        {
            if (!char.IsAscii(c) || !(char.IsPunctuation(c) || char.IsSymbol(c)))
            {
                letters.Append(c);
            }
        }

        return string.Join(' ', Words(Article().Replace(letters.ToString(), " ")));
    }

    /// <summary>Whether the prediction equals a gold answer after normalization.</summary>
    public static bool IsExact(string prediction, IReadOnlyList<string> gold)
    {
        string normalized = Normalize(prediction);
        return gold.Any(answer => Normalize(answer) == normalized);
    }

    /// <summary>
    /// The largest F1 over the gold answers: the harmonic mean of the shares of the prediction's and of the answer's words that the
    /// other has too. Where the first answer is "CANNOTANSWER" or "no answer", 1 if the prediction says the same, else 0.
    /// </summary>
    /// <param name="prediction">The generated text.</param>
    /// <param name="gold">The gold answers, at least one.</param>
    /// <returns>0 … 1; 0 for a prediction without words.</returns>
    public static double F1(string prediction, IReadOnlyList<string> gold)
    {
        ArgumentOutOfRangeException.ThrowIfZero(gold.Count, nameof(gold));
        if (s_noAnswer.Contains(gold[0]))
        {
            return Normalize(prediction) == Normalize(gold[0]) ? 1 : 0;
        }

        string[] predicted = Words(Normalize(prediction));
        return gold.Max(answer => F1(predicted, Words(Normalize(answer))));
    }

    private static double F1(string[] predicted, string[] answer)
    {
        var counts = answer.CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        int common = 0;
        foreach (string word in predicted)
        {
            if (counts.TryGetValue(word, out int left) && left > 0)
            {
                counts[word] = left - 1;
                common++;
            }
        }

        if (common == 0)
        {
            return 0;
        }

        double precision = (double)common / predicted.Length;
        double recall = (double)common / answer.Length;
        return 2 * precision * recall / (precision + recall);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\b(a|an|the)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Article();
}
