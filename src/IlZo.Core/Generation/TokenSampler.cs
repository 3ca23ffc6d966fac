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

/// <summary>
/// Chooses tokens: a pure function of the logits, the seed and the token's position. As in transformers, logits are divided by the
/// repetition penalty, then by the temperature; of the tokens, the <c>top_k</c> most probable stay, and of these, with probabilities that
/// add up to 1 again, the smallest set that makes up <c>top_p</c>. Of equally probable tokens the lower id comes first, so <c>top_k</c>
/// tokens are exactly as many (transformers keeps all that are as probable as the last).
/// </summary>
internal sealed class TokenSampler(SamplingOptions options)
{
    // Relative to the most probable token. Where these make up enough, the others need no order, which is most of the work.
    private const double Likely = 1e-4;

    private double[] _weights = [];

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

        Weigh(logits);
        double chance = Uniform(position);
        int most = options.TopK == 0 ? logits.Length : Math.Min(options.TopK, logits.Length);
        double all = options.TopK == 0 ? Sum() : 0;
        int[] order = Order(Likely);
        if (options.TopK == 0 ? Sum(order, order.Length) <= Math.Max(options.TopP, chance) * all : order.Length < most)
        {
            order = Order(0);
        }

        most = Math.Min(most, order.Length);
        double total = options.TopK == 0 ? all : Sum(order, most);
        int count = options.TopP < 1 ? Nucleus(order, most, total) : most;
        double threshold = chance * (options.TopP < 1 ? Sum(order, count) : total);
        double sum = 0;
        for (int i = 0; i < count - 1; i++)
        {
            sum += _weights[order[i]];
            if (threshold < sum)
            {
                return order[i];
            }
        }

        return order[count - 1];
    }

    // The fewest of the first tokens that make up a part of the total.
    private int Nucleus(int[] order, int most, double total)
    {
        int count = 0;
        double kept = 0;
        while (count < most && (count == 0 || kept < options.TopP * total))
        {
            kept += _weights[order[count++]];
        }

        return count;
    }

    // exp((logit − the largest) / temperature).
    private void Weigh(ReadOnlySpan<float> logits)
    {
        if (_weights.Length != logits.Length)
        {
            _weights = new double[logits.Length];
        }

        float largest = logits[TokenRanking.Best(logits)];
        for (int id = 0; id < _weights.Length; id++)
        {
            _weights[id] = ElementaryFunctions.Exp(((double)logits[id] - largest) / options.Temperature);
        }
    }

    // The tokens of at least some weight, the most probable first and of equal ones the lower id.
    private int[] Order(double least)
    {
        var ids = new List<int>();
        for (int id = 0; id < _weights.Length; id++)
        {
            if (_weights[id] >= least)
            {
                ids.Add(id);
            }
        }

        ids.Sort((a, b) => _weights[a] == _weights[b] ? a.CompareTo(b) : _weights[b].CompareTo(_weights[a]));
        return [.. ids];
    }

    private double Sum()
    {
        double sum = 0;
        foreach (double weight in _weights)
        {
            sum += weight;
        }

        return sum;
    }

    private double Sum(int[] order, int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += _weights[order[i]];
        }

        return sum;
    }

    // 53 bits in [0, 1).
    private double Uniform(int position)
    {
        var key = new NoiseKey(options.Seed, NoiseStream.Sampling, (uint)position, 0);
        return (((ulong)(key.Word(0) >> 5) << 26) | (key.Word(1) >> 6)) * Math.ScaleB(1, -53);
    }
}
