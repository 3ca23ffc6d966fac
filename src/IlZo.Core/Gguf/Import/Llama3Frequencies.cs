using System.Text.Json.Nodes;
using IlZo.Arithmetic;

namespace IlZo.Gguf;

/// <summary>
/// Llama 3's way of scaling the frequencies of positions, found from the factors by which it divides them: a file has those, the reference
/// library the numbers that they follow from. All published models have 1 and 4 for the factors that bound the waves between.
/// </summary>
internal static class Llama3Frequencies
{
    private const double Low = 1;
    private const double High = 4;
    private const int UsualPositions = 8192;
    private const double Tolerance = 1e-4;

    /// <summary>The scaling as <c>rope_scaling</c> has it; null where the factors are not of this form.</summary>
    /// <param name="factors">The factor of each rotated pair.</param>
    /// <param name="theta">The base of the frequencies.</param>
    public static JsonObject? Of(ReadOnlySpan<float> factors, double theta)
    {
        double[] waves = new double[factors.Length];
        for (int i = 0; i < waves.Length; i++)
        {
            waves[i] = 2 * Math.PI * ElementaryFunctions.Pow(theta, (double)i / waves.Length);
        }

        double factor = 1;
        int positions = UsualPositions;
        foreach (float f in factors)
        {
            factor = Math.Max(factor, f);
        }

        for (int i = 0; i < waves.Length; i++)
        {
            if (factors[i] > 1 + Tolerance && factors[i] < factor * (1 - Tolerance))
            {
                double share = ((1 / factors[i]) - (1 / factor)) / (1 - (1 / factor));
                double found = waves[i] * (Low + (share * (High - Low)));
                positions = found is >= 1 and <= int.MaxValue ? (int)Math.Round(found) : UsualPositions;
                break;
            }
        }

        for (int i = 0; i < waves.Length; i++)
        {
            double share = Math.Clamp(((positions / waves[i]) - Low) / (High - Low), 0, 1);
            double expected = 1 / (((1 - share) / factor) + share);
            if (!(Math.Abs(factors[i] - expected) <= Tolerance * expected))
            {
                return null;
            }
        }

        return new JsonObject
        {
            ["rope_type"] = "llama3",
            ["factor"] = factor,
            ["low_freq_factor"] = Low,
            ["high_freq_factor"] = High,
            ["original_max_position_embeddings"] = positions,
        };
    }
}
