using IlZo.Arithmetic;
using IlZo.Noise;

namespace IlZo.Generation;

/// <summary>How the next token is chosen.</summary>
/// <param name="Temperature">What logits are divided by; 0 takes the most probable token.</param>
/// <param name="TopP">The probability that the tokens to choose among make up together at least, the most probable first.</param>
/// <param name="Seed">Decides the choices.</param>
/// <param name="TopK">How many of the most probable tokens are chosen among at most; 0 for all.</param>
/// <param name="RepetitionPenalty">What the logits of tokens that are in the text already are divided by, multiplied where they are
/// negative.</param>
public sealed record SamplingOptions(double Temperature = 0, double TopP = 1, ulong Seed = 0, int TopK = 0, double RepetitionPenalty = 1)
{
    /// <summary>Refuses what no token can be chosen by.</summary>
    /// <exception cref="InvalidInputException">A number is outside its range.</exception>
    public void Validate()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
        {
            throw new InvalidInputException($"{Setting.Temperature} is {Temperature}; 0 or a positive number was expected.");
        }

        if (!(TopP is > 0 and <= 1))
        {
            throw new InvalidInputException($"{Setting.TopP} is {TopP}; a number above 0, up to 1, was expected.");
        }

        if (TopK < 0)
        {
            throw new InvalidInputException($"{Setting.TopK} is {TopK}; 0 (all) or more was expected.");
        }

        if (!(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty)))
        {
            throw new InvalidInputException($"{Setting.RepetitionPenalty} is {RepetitionPenalty}; a positive number was expected.");
        }
    }
}

/// <summary>Chooses tokens: a pure function of the logits, the seed and the token's position.</summary>
internal sealed class TokenSampler(SamplingOptions options)
{
    /// <summary>
    /// Makes tokens that are in a text already less probable. Source: Keskar et al. 2019, arXiv 1909.05858, as in transformers.
    /// </summary>
    public void Penalize(Span<float> logits, IEnumerable<int> text)
    {
        if (options.RepetitionPenalty == 1)
        {
            return;
        }

        foreach (int id in text.Distinct())
        {
            if (id < logits.Length)
            {
                logits[id] = (float)(logits[id] < 0 ? logits[id] * options.RepetitionPenalty : logits[id] / options.RepetitionPenalty);
            }
        }
    }

    /// <summary>The token for a position.</summary>
    public int Choose(ReadOnlySpan<float> logits, int position)
    {
        if (options.Temperature == 0)
        {
            return TokenRanking.Best(logits);
        }

        float largest = logits[TokenRanking.Best(logits)];
        double[] weights = new double[logits.Length];
        for (int id = 0; id < weights.Length; id++)
        {
            weights[id] = ElementaryFunctions.Exp(((double)logits[id] - largest) / options.Temperature);
        }

        int[] order = [.. Enumerable.Range(0, weights.Length).OrderByDescending(id => weights[id])];
        int most = options.TopK == 0 ? order.Length : Math.Min(options.TopK, order.Length);
        double total = 0;
        foreach (int id in options.TopK == 0 ? Enumerable.Range(0, weights.Length) : order.Take(most))
        {
            total += weights[id];
        }

        int count = 0;
        double kept = 0;
        while (count < most && (count == 0 || kept < options.TopP * total))
        {
            kept += weights[order[count++]];
        }

        double threshold = Uniform(position) * kept;
        double sum = 0;
        for (int i = 0; i < count - 1; i++)
        {
            sum += weights[order[i]];
            if (threshold < sum)
            {
                return order[i];
            }
        }

        return order[count - 1];
    }

    // 53 bits in [0, 1).
    private double Uniform(int position)
    {
        var key = new NoiseKey(options.Seed, NoiseStream.Sampling, (uint)position, 0);
        return (((ulong)(key.Word(0) >> 5) << 26) | (key.Word(1) >> 6)) * Math.ScaleB(1, -53);
    }
}
