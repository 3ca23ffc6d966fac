using IlZo.Arithmetic;
using IlZo.Backends;

namespace IlZo.Models.Llama;

/// <summary>
/// Frequencies of rotary position embeddings, plain or scaled for longer texts.
/// Source: Su et al., arXiv 2104.09864; Peng et al. (YaRN), arXiv 2309.00071; huggingface/transformers modeling_rope_utils.py.
/// </summary>
internal sealed class RotaryEmbedding : IRotaryFrequencies
{
    private readonly Func<int, double[]> _compute;
    private readonly Dictionary<int, float[]> _byLength = [];
    private readonly int _longestPlain;

    private RotaryEmbedding(Func<int, double[]> compute, int longestPlain = int.MaxValue, double attentionFactor = 1)
    {
        _compute = compute;
        _longestPlain = longestPlain;
        AttentionFactor = (float)attentionFactor;
    }

    public float AttentionFactor { get; }

    /// <summary>Reads <c>rope_theta</c> and <c>rope_scaling</c>, or the newer <c>rope_parameters</c> that holds both.</summary>
    /// <exception cref="InvalidInputException">A field has a value that is not supported, or one that makes angles that are no numbers of fp32.</exception>
    public static RotaryEmbedding FromConfig(ConfigReader config, int headSize, int maxPositions)
    {
        var parameters = config.Object("rope_parameters");
        double theta = parameters?.Number("rope_theta", 10000) ?? config.Number("rope_theta", 10000);
        double[] plain = Frequencies(theta, headSize);
        if (!AreUsable(plain))
        {
            throw (parameters ?? config).Unusable("rope_theta", "angles");
        }

        var scaling = parameters ?? config.Object("rope_scaling");
        var rotary = Scaled(scaling, theta, plain, headSize, maxPositions);
        string place = parameters is null ? "rope_scaling" : "rope_parameters";
        if (!AreUsable(rotary._compute(maxPositions)))
        {
            throw config.Unusable(place, "angles");
        }

        return float.IsNormal(rotary.AttentionFactor) ? rotary : throw config.Unusable(place, "a factor of attention");
    }

    public IReadOnlyList<float> ForLength(int textLength)
    {
        int key = textLength <= _longestPlain ? 0 : textLength;
        if (!_byLength.TryGetValue(key, out float[]? frequencies))
        {
            _byLength[key] = frequencies = [.. _compute(textLength).Select(f => (float)f)];
        }

        return frequencies;
    }

    // Whether the angle at every position that a model can have is a number of fp32.
    private static bool AreUsable(double[] frequencies) => Array.TrueForAll(frequencies, f => float.IsFinite((float)f * ConfigSize.MaxRows));

    private static RotaryEmbedding Scaled(ConfigReader? scaling, double theta, double[] plain, int headSize, int maxPositions)
    {
        string type = scaling?.Text("rope_type") ?? scaling?.Text("type") ?? "default";
        if (scaling is null || type == "default")
        {
            return new RotaryEmbedding(_ => plain);
        }

        double factor = type is "linear" or "dynamic" or "yarn" or "llama3" && !scaling.Has("factor")
            ? throw new InvalidInputException($"{scaling.Source}: factor is absent; a number was expected for the type '{type}'.")
            : scaling.Number("factor", 1);
        return type switch
        {
            "linear" => new RotaryEmbedding(_ => [.. plain.Select(f => f / factor)]),
            "dynamic" => new RotaryEmbedding(length => Dynamic(theta, headSize, factor, maxPositions, length), maxPositions),
            "llama3" => Llama3(scaling, plain, factor, maxPositions),
            "yarn" => Yarn(scaling, plain, theta, headSize, factor, maxPositions),
            _ => throw new InvalidInputException(
                $"{scaling.Source}: the RoPE type '{type}' is not supported; default, linear, dynamic, yarn and llama3 are."),
        };
    }

    private static double[] Frequencies(double theta, int headSize) =>
        [.. Enumerable.Range(0, headSize / 2).Select(i => ElementaryFunctions.Pow(theta, -2.0 * i / headSize))];

    // NTK-aware: the base grows with the text once it is longer than the model was trained for.
    private static double[] Dynamic(double theta, int headSize, double factor, int maxPositions, int length)
    {
        double growth = (factor * Math.Max(length, maxPositions) / maxPositions) - (factor - 1);
        return Frequencies(theta * ElementaryFunctions.Pow(growth, headSize / (headSize - 2.0)), headSize);
    }

    // Long wavelengths are divided by the factor, short ones kept, those between interpolated.
    private static RotaryEmbedding Llama3(ConfigReader scaling, double[] plain, double factor, int maxPositions)
    {
        double low = scaling.Number("low_freq_factor", 1);
        double high = scaling.Number("high_freq_factor", 4);
        double original = scaling.Size("original_max_position_embeddings", maxPositions);
        return new RotaryEmbedding(_ => [.. plain.Select(Scale)]);

        double Scale(double frequency)
        {
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength < original / high)
            {
                return frequency;
            }

            if (wavelength > original / low)
            {
                return frequency / factor;
            }

            double smooth = ((original / wavelength) - low) / (high - low);
            return ((1 - smooth) * frequency / factor) + (smooth * frequency);
        }
    }

    // Interpolates the dimensions that turn rarely within the original length, extrapolates those that turn often.
    private static RotaryEmbedding Yarn(ConfigReader scaling, double[] plain, double theta, int headSize, double factor, int maxPositions)
    {
        double original = scaling.Size("original_max_position_embeddings", maxPositions);
        double low = Dimension(scaling.Number("beta_fast", 32));
        double high = Dimension(scaling.Number("beta_slow", 1));
        if (scaling.Flag("truncate", true))
        {
            low = Math.Floor(low);
            high = Math.Ceiling(high);
        }

        low = Math.Max(low, 0);
        high = Math.Min(high, headSize - 1);
        double width = high == low ? 0.001 : high - low;
        double attention = scaling.Has("mscale") && scaling.Has("mscale_all_dim")
            ? Magnitude(factor, scaling.Number("mscale", 1)) / Magnitude(factor, scaling.Number("mscale_all_dim", 1))
            : Magnitude(factor, 1);
        return new RotaryEmbedding(
            _ => [.. plain.Select((f, i) => Blend(f, Math.Clamp((i - low) / width, 0, 1)))],
            attentionFactor: scaling.Number("attention_factor", attention));

        double Dimension(double rotations) => headSize * ElementaryFunctions.Log(original / (rotations * 2 * Math.PI)) / (2 * ElementaryFunctions.Log(theta));
        double Blend(double frequency, double ramp) => (frequency / factor * ramp) + (frequency * (1 - ramp));
        static double Magnitude(double scale, double weight) => scale <= 1 ? 1 : (0.1 * weight * ElementaryFunctions.Log(scale)) + 1;
    }
}
