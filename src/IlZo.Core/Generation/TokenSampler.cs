using IlZo.Arithmetic;
using IlZo.Noise;

namespace IlZo.Generation;

/// <summary>How the next token is chosen.</summary>
/// <param name="Temperature">What logits are divided by; 0 takes the most probable token.</param>
/// <param name="TopP">The probability that the tokens to choose among make up together at least, the most probable first.</param>
/// <param name="Seed">Decides the choices.</param>
public sealed record SamplingOptions(double Temperature = 0, double TopP = 1, ulong Seed = 0)
{
    /// <exception cref="InvalidInputException">A number is outside its range.</exception>
    public void Validate()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
        {
            throw new InvalidInputException($"--temperature is {Temperature}; 0 or a positive number was expected.");
        }

        if (!(TopP is > 0 and <= 1))
        {
            throw new InvalidInputException($"--top-p is {TopP}; a number above 0, up to 1, was expected.");
        }
    }
}

/// <summary>Chooses tokens: a pure function of the logits, the seed and the token's position.</summary>
internal sealed class TokenSampler(SamplingOptions options)
{
    /// <summary>The token for a position.</summary>
    public int Choose(ReadOnlySpan<float> logits, int position)
    {
        if (options.Temperature == 0)
        {
            return TokenRanking.Best(logits);
        }

        float largest = logits[TokenRanking.Best(logits)];
        double[] weights = new double[logits.Length];
        double total = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            weights[id] = ElementaryFunctions.Exp(((double)logits[id] - largest) / options.Temperature);
            total += weights[id];
        }

        int[] order = [.. Enumerable.Range(0, weights.Length).OrderByDescending(id => weights[id])];
        int count = 0;
        double kept = 0;
        while (count < order.Length && (count == 0 || kept < options.TopP * total))
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
