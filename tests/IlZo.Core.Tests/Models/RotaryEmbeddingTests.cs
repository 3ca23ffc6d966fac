using System.Text.Json;
using IlZo.Models;
using IlZo.Models.Llama;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Scaled rotary frequencies against their closed forms; those of type llama3 are in the forward fixtures.</summary>
public class RotaryEmbeddingTests
{
    private const int Size = 64;
    private const int MaxPositions = 4096;

    [Theory]
    [InlineData("{}", 10000)]
    [InlineData("""{"rope_theta": 500000.0}""", 500000)]
    [InlineData("""{"rope_theta": 1e6, "rope_scaling": {"rope_type": "default"}}""", 1e6)]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "rope_theta": 5e6}}""", 5e6)]
    public void Plain_frequencies_are_powers_of_the_base(string config, double theta)
    {
        var rotary = Rotary(config);
        Near.Equal(Powers(theta, 1), [.. rotary.ForLength(10)], 1e-7);
        Assert.Equal(rotary.ForLength(10), rotary.ForLength(100_000));
        Assert.Equal(1, rotary.AttentionFactor);
    }

    [Fact]
    public void Linear_scaling_divides_every_frequency() =>
        Near.Equal(Powers(10000, 4), [.. Rotary("""{"rope_scaling": {"type": "linear", "factor": 4.0}}""").ForLength(10)], 1e-7);

    [Fact]
    public void Dynamic_scaling_raises_the_base_of_texts_longer_than_the_model_was_trained_for()
    {
        var rotary = Rotary("""{"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}""");
        Near.Equal(Powers(10000, 1), [.. rotary.ForLength(MaxPositions)], 1e-7);

        // 2 · 8192 / 4096 − 1 = 3 times longer waves at the slow end.
        double theta = 10000 * Math.Pow(3, Size / (Size - 2.0));
        float[] longer = [.. rotary.ForLength(2 * MaxPositions)];
        Near.Equal(Powers(theta, 1), longer, 1e-7);
        Near.Equal(Powers(10000, 1)[^1] / 3, longer[^1], 1e-9);
    }

    [Fact]
    public void Yarn_keeps_fast_pairs_divides_slow_ones_and_blends_between()
    {
        // Pair i turns 4096 · 10000^(−i/32) / 2π times in 4096 positions: 32 times at i = 10.5, once at i = 22.5.
        var rotary = Rotary("""{"rope_scaling": {"rope_type": "yarn", "factor": 16.0, "original_max_position_embeddings": 4096}}""");
        float[] scaled = [.. rotary.ForLength(10)];
        float[] plain = Powers(10000, 1);
        Near.Equal(plain.AsSpan(0, 11), scaled.AsSpan(0, 11), 1e-7);
        Near.Equal(Powers(10000, 16).AsSpan(23), scaled.AsSpan(23), 1e-9);
        for (int i = 11; i < 23; i++)
        {
            double ramp = (i - 10) / 13.0;
            Near.Equal((plain[i] * (1 - ramp)) + (plain[i] / 16 * ramp), scaled[i], 1e-7);
        }

        Near.Equal((0.1 * Math.Log(16)) + 1, rotary.AttentionFactor, 1e-6);
    }

    [Theory]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}""", "'longrope' is not supported")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear"}}""", "factor is absent")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "factor": -1}}""", "factor is -1")]
    [InlineData("""{"rope_theta": 0}""", "rope_theta is 0")]
    public void A_scaling_that_cannot_be_honoured_is_refused(string config, string named) =>
        Assert.Contains(named, Assert.Throws<InvalidInputException>(() => Rotary(config)).Message, StringComparison.Ordinal);

    private static RotaryEmbedding Rotary(string config)
    {
        using var json = JsonDocument.Parse(config);
        return RotaryEmbedding.FromConfig(new ConfigReader("config.json", json.RootElement), Size, MaxPositions);
    }

    private static float[] Powers(double theta, double factor) =>
        [.. Enumerable.Range(0, Size / 2).Select(i => (float)(Math.Pow(theta, -2.0 * i / Size) / factor))];
}
