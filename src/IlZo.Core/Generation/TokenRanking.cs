using IlZo.Arithmetic;

namespace IlZo.Generation;

/// <summary>Orders the tokens of a vocabulary by their logits; of equal ones the lower id comes first.</summary>
internal static class TokenRanking
{
    /// <summary>The token with the largest logit.</summary>
    public static int Best(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int id = 1; id < logits.Length; id++)
        {
            if (logits[id] > logits[best])
            {
                best = id;
            }
        }

        return best;
    }

    /// <summary>The <paramref name="count"/> tokens with the largest logits, the largest first.</summary>
    public static int[] Top(ReadOnlySpan<float> logits, int count)
    {
        var top = new List<int>(count + 1);
        for (int id = 0; id < logits.Length; id++)
        {
            if (top.Count == count && (count == 0 || logits[id] <= logits[top[^1]]))
            {
                continue;
            }

            int at = top.Count;
            while (at > 0 && logits[id] > logits[top[at - 1]])
            {
                at--;
            }

            top.Insert(at, id);
            if (top.Count > count)
            {
                top.RemoveAt(count);
            }
        }

        return [.. top];
    }

    /// <summary>log Σ exp(logit).</summary>
    public static double LogSum(ReadOnlySpan<float> logits)
    {
        double largest = logits[Best(logits)];
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += ElementaryFunctions.Exp(logit - largest);
        }

        return largest + ElementaryFunctions.Log(sum);
    }
}
