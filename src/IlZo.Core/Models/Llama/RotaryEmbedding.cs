using System.Collections.Concurrent;
using IlZo.Arithmetic;
using IlZo.Backends;

namespace IlZo.Models.Llama;

/// <summary>
/// Frequencies of rotary position embeddings, plain or scaled for longer texts.
/// Source: Su et al., arXiv 2104.09864; Peng et al. (YaRN), arXiv 2309.00071; Ding et al. (LongRoPE), arXiv 2402.13753;
/// huggingface/transformers modeling_rope_utils.py.
/// </summary>
internal sealed class RotaryEmbedding : IRotaryFrequencies
{
    private const double DefaultTheta = 10000;

    // The field with the length before scaling, and the default of the configuration that has LongRoPE.
    private const string Original = "original_max_position_embeddings";
    private const int DefaultOriginal = 4096;

    private readonly Func<int, double[]> _compute;

    // Several threads may compute with one model.
    private readonly ConcurrentDictionary<int, float[]> _byLength = [];
    private readonly int _longestPlain;

    private RotaryEmbedding(int pairs, Func<int, double[]> compute, int longestPlain = int.MaxValue, double attentionFactor = 1)
    {
        Pairs = pairs;
        _compute = compute;
        _longestPlain = longestPlain;
        AttentionFactor = (float)attentionFactor;
    }

    public int Pairs { get; }

    public float AttentionFactor { get; }

    /// <summary>The longest text that the angles are for, in tokens.</summary>
    public int LongestText { get; private init; } = ConfigSize.MaxRows;

    /// <summary>The base of the frequencies.</summary>
    public double Theta { get; private set; }

    /// <summary>How they are scaled: default (not at all), linear, dynamic, llama3, yarn or longrope.</summary>
    public string Scaling { get; private set; } = "default";

    /// <summary>The frequencies before they are scaled.</summary>
    public IReadOnlyList<double> Plain { get; private set; } = [];

    /// <summary>
    /// Reads the parameters of the angles in the order of transformers 5: <c>rope_scaling</c>, or <c>rope_parameters</c> where that is
    /// absent or empty; what they do not say of <c>rope_theta</c> and <c>partial_rotary_factor</c>, the top level says.
    /// </summary>
    /// <param name="config">The file.</param>
    /// <param name="headSize">Features of a head.</param>
    /// <param name="maxPositions">What <c>max_position_embeddings</c> says.</param>
    /// <param name="mayBePartial">Whether a part of a head may be rotated, and by LongRoPE's angles in place of the other scaled
    /// ones.</param>
    /// <exception cref="InvalidInputException">A field has a value that is not supported, or one that makes angles that are no numbers of
    /// fp32.</exception>
    public static RotaryEmbedding FromConfig(ConfigReader config, int headSize, int maxPositions, bool mayBePartial = false)
    {
        string place = config.Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
        var parameters = config.Object(place);
        int size = RotatedSize(config, parameters, headSize, mayBePartial);
        parameters?.Refuse("full_attention", "sliding_attention");
        double theta = parameters is not null && parameters.Has("rope_theta")
            ? parameters.Number("rope_theta", DefaultTheta)
            : config.Number("rope_theta", DefaultTheta);
        double[] plain = Frequencies(theta, size);
        if (!AreUsable(plain))
        {
            throw (parameters is not null && parameters.Has("rope_theta") ? parameters : config).Unusable("rope_theta", "angles");
        }

        int original = mayBePartial
            ? config.Size(Original, DefaultOriginal, ConfigSize.MaxRows)
            : OriginalPositions(config, parameters, maxPositions);
        var rotary = mayBePartial
            ? PlainOrLong(parameters, plain, maxPositions, original)
            : Scaled(parameters, theta, plain, size, maxPositions, original);
        if (!AreUsable(rotary._compute(maxPositions)) || !AreUsable(rotary._compute(ConfigSize.MaxRows)))
        {
            throw config.Unusable(place, "angles");
        }

        string type = TypeOf(parameters);
        (rotary.Theta, rotary.Plain, rotary.Scaling) = (theta, plain, mayBePartial && type != "default" ? "longrope" : type);
        return float.IsNormal(rotary.AttentionFactor) ? rotary : throw config.Unusable(place, "a factor of attention");
    }

    public IReadOnlyList<float> ForLength(int textLength)
    {
        int key = textLength <= _longestPlain ? 0 : textLength;
        return _byLength.TryGetValue(key, out float[]? frequencies)
            ? frequencies
            : _byLength.GetOrAdd(key, [.. _compute(textLength).Select(f => (float)f)]);
    }

    private static string TypeOf(ConfigReader? scaling) => scaling?.Text("rope_type") ?? scaling?.Text("type") ?? "default";

    // Features of a head that are rotated.
    private static int RotatedSize(ConfigReader config, ConfigReader? parameters, int headSize, bool mayBePartial)
    {
        const string Field = "partial_rotary_factor";
        double outside = config.Number(Field, 1);
        double inside = parameters?.Number(Field, outside) ?? outside;
        string source = (parameters is not null && parameters.Has(Field) ? parameters : config).Source;
        if (!mayBePartial)
        {
            return inside == 1 && outside == 1
                ? headSize
                : throw new InvalidInputException($"{source}: {Field} is not supported; 1 was expected.");
        }

        int size = inside <= 1 ? (int)(headSize * inside) : 0;
        return size > 0 && size % 2 == 0 ? size : throw new InvalidInputException(
            $"{source}: {Field} is {inside}; a number up to 1 was expected that makes an even number of a head's {headSize} features.");
    }

    // Whether the angle at every position that a model can have is a number of fp32.
    private static bool AreUsable(double[] frequencies) =>
        Array.TrueForAll(frequencies, f => float.IsFinite((float)f * ConfigSize.MaxRows));

    // The top level goes before the object, as in transformers.
    private static int OriginalPositions(ConfigReader config, ConfigReader? parameters, int maxPositions)
    {
        int inside = parameters?.Size(Original, maxPositions, ConfigSize.MaxRows) ?? maxPositions;
        return config.Size(Original, inside, ConfigSize.MaxRows);
    }

    private static RotaryEmbedding Scaled(ConfigReader? scaling, double theta, double[] plain, int headSize, int maxPositions, int original)
    {
        string type = TypeOf(scaling);
        if (scaling is null || type == "default")
        {
            return new RotaryEmbedding(plain.Length, _ => plain);
        }

        bool isScaled = type is "linear" or "dynamic" or "yarn" or "llama3";
        bool isImplied = type == "yarn" && original != maxPositions;
        double factor = isScaled && !isImplied && !scaling.Has("factor")
            ? throw new InvalidInputException($"{scaling.Source}: factor is absent; a number was expected for the type '{type}'.")
            : scaling.Number("factor", (double)maxPositions / original);
        return type switch
        {
            "linear" => new RotaryEmbedding(plain.Length, _ => [.. plain.Select(f => f / factor)]),
            "dynamic" => new RotaryEmbedding(plain.Length, length => Dynamic(theta, headSize, factor, maxPositions, length), maxPositions),
            "llama3" => Llama3(scaling, plain, factor, original),
            "yarn" => Yarn(scaling, plain, theta, headSize, factor, original),
            _ => throw new InvalidInputException(
                $"{scaling.Source}: the RoPE type '{type}' is not supported; default, linear, dynamic, yarn and llama3 are."),
        };
    }

    // Those of LongRoPE for texts up to the original length: generating beyond it would need keys to be rotated anew.
    private static RotaryEmbedding PlainOrLong(ConfigReader? scaling, double[] plain, int maxPositions, int original)
    {
        string type = TypeOf(scaling);
        if (scaling is null || type == "default")
        {
            return new RotaryEmbedding(plain.Length, _ => plain);
        }

        // The configuration's class takes its earlier names for it too.
        if (type is not ("longrope" or "su" or "yarn"))
        {
            throw new InvalidInputException($"{scaling.Source}: the RoPE type '{type}' is not supported; default and longrope are.");
        }

        const string Places = "rotated pair of a head's features (head_dim, or hidden_size over num_attention_heads)";
        var factors = scaling.Numbers("short_factor", plain.Length, Places);
        _ = scaling.Numbers("long_factor", plain.Length, Places);
        double growth = (double)maxPositions / original;
        double magnitude = growth <= 1 ? 1 : Math.Sqrt(1 + (ElementaryFunctions.Log(growth) / ElementaryFunctions.Log(original)));
        return new RotaryEmbedding(
            plain.Length, _ => [.. plain.Zip(factors, (f, s) => f / s)], attentionFactor: scaling.Number("attention_factor", magnitude))
        {
            LongestText = original,
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
    private static RotaryEmbedding Llama3(ConfigReader scaling, double[] plain, double factor, double original)
    {
        double low = scaling.Number("low_freq_factor", 1);
        double high = scaling.Number("high_freq_factor", 4);
        return new RotaryEmbedding(plain.Length, _ => [.. plain.Select(Scale)]);

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
    private static RotaryEmbedding Yarn(ConfigReader scaling, double[] plain, double theta, int headSize, double factor, double original)
    {
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
            plain.Length,
            _ => [.. plain.Select((f, i) => Blend(f, Math.Clamp((i - low) / width, 0, 1)))],
            attentionFactor: scaling.Number("attention_factor", attention));

        double Dimension(double rotations) =>
            headSize * ElementaryFunctions.Log(original / (rotations * 2 * Math.PI)) / (2 * ElementaryFunctions.Log(theta));
        double Blend(double frequency, double ramp) => (frequency / factor * ramp) + (frequency * (1 - ramp));
        static double Magnitude(double scale, double weight) => scale <= 1 ? 1 : (0.1 * weight * ElementaryFunctions.Log(scale)) + 1;
    }
}
