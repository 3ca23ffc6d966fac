using IlZo.Generation;
using Xunit;

namespace IlZo.Core.Tests.Generation;

public sealed class TokenSamplerTests
{
    private static readonly float[] s_logits = [0, MathF.Log(2), MathF.Log(4), MathF.Log(1)];

    [Fact]
    public void Greedy_takes_the_lowest_id_of_equal_logits() =>
        Assert.Equal(1, new TokenSampler(new SamplingOptions()).Choose([1, 3, 3, 2], 0));

    [Theory]
    [InlineData(1, 1, 0, new double[] { 1, 2, 4, 1 })]
    [InlineData(0.5, 1, 0, new double[] { 1, 4, 16, 1 })]
    [InlineData(1, 0.7, 0, new double[] { 0, 2, 4, 0 })]
    [InlineData(1, 0.76, 0, new double[] { 1, 2, 4, 0 })]
    [InlineData(1, 0.5, 0, new double[] { 0, 0, 4, 0 })]
    [InlineData(1, 1, 2, new double[] { 0, 2, 4, 0 })]
    [InlineData(1, 1, 3, new double[] { 1, 2, 4, 0 })]
    [InlineData(1, 1, 9, new double[] { 1, 2, 4, 1 })]
    [InlineData(1, 0.6, 2, new double[] { 0, 0, 4, 0 })]
    [InlineData(1, 0.72, 3, new double[] { 0, 2, 4, 0 })]
    [InlineData(0.5, 0.9, 3, new double[] { 0, 4, 16, 0 })]
    public void Tokens_are_chosen_as_often_as_they_are_probable(double temperature, double topP, int topK, double[] weights) =>
        AssertFrequencies(new SamplingOptions(temperature, topP, Seed: 11, TopK: topK), s_logits, weights);

    [Fact]
    public void Many_tokens_of_little_weight_are_chosen_as_often_as_they_are_probable()
    {
        // Each of the others is far less probable than the first, and all of them together as probable.
        const int Others = 10_000;
        float[] logits = new float[Others + 1];
        Array.Fill(logits, -MathF.Log(Others), 1, Others);
        foreach (double topP in (double[])[1, 0.75])
        {
            var sampler = new TokenSampler(new SamplingOptions(1, topP, Seed: 4));
            int[] chosen = [.. Enumerable.Range(0, 2_000).Select(position => sampler.Choose(logits, position))];
            double first = topP == 1 ? 0.5 : 2.0 / 3;
            double deviation = Math.Sqrt(2_000 * first * (1 - first));
            Assert.InRange(chosen.Count(id => id == 0), (2_000 * first) - (5 * deviation), (2_000 * first) + (5 * deviation));
            int largest = topP == 1 ? Others : Others / 2;
            Assert.InRange(chosen.Max(), largest - (largest / 50), largest + 1);
        }
    }

    [Fact]
    public void Tokens_of_the_text_are_penalized_once_and_before_the_temperature()
    {
        var options = new SamplingOptions(0.5, 1, Seed: 2, RepetitionPenalty: 2);
        float[] logits = [2, -1, 4, -3];
        new TokenSampler(options).Penalize(logits, [2, 3, 2, 900]);
        Assert.Equal([2, -1, 2, -6], logits);
        AssertFrequencies(options, logits, [.. logits.Select(l => Math.Exp(l / 0.5))]);
    }

    [Theory]
    [InlineData(double.NaN, 1, 0, 1, "Temperature")]
    [InlineData(-0.1, 1, 0, 1, "Temperature")]
    [InlineData(double.PositiveInfinity, 1, 0, 1, "Temperature")]
    [InlineData(1, 0, 0, 1, "TopP")]
    [InlineData(1, 1.0001, 0, 1, "TopP")]
    [InlineData(1, double.NaN, 0, 1, "TopP")]
    [InlineData(1, 1, -1, 1, "TopK")]
    [InlineData(1, 1, 0, 0, "RepetitionPenalty")]
    [InlineData(1, 1, 0, double.NaN, "RepetitionPenalty")]
    [InlineData(1, 1, 0, double.PositiveInfinity, "RepetitionPenalty")]
    public void Numbers_that_nothing_can_be_chosen_by_are_refused_by_name(
        double temperature, double topP, int topK, double penalty, string name) =>
        Assert.StartsWith(
            $"{name} is ",
            Assert.Throws<InvalidInputException>(
                () => new SamplingOptions(temperature, topP, TopK: topK, RepetitionPenalty: penalty).Validate()).Message,
            StringComparison.Ordinal);

    [Fact]
    public void The_choice_depends_on_seed_and_position_alone()
    {
        var options = new SamplingOptions(1, 1, Seed: 3);
        int[] forwards = [.. Enumerable.Range(0, 50).Select(i => new TokenSampler(options).Choose(s_logits, i))];
        var sampler = new TokenSampler(options);
        int[] backwards = [.. Enumerable.Range(0, 50).Reverse().Select(i => sampler.Choose(s_logits, i)).Reverse()];
        Assert.Equal(forwards, backwards);
    }

    [Fact]
    public void The_top_tokens_come_in_order_and_the_lower_id_first()
    {
        Assert.Equal([1, 3, 0], TokenRanking.Top([2, 5, 1, 5], 3));
        Assert.Equal([0, 1], TokenRanking.Top([1, 1], 5));
        Assert.Equal(Math.Log(8), TokenRanking.LogSum(s_logits), 1e-6);
    }

    private static void AssertFrequencies(SamplingOptions options, float[] logits, double[] weights)
    {
        const int Count = 20_000;
        var sampler = new TokenSampler(options);
        int[] counts = new int[logits.Length];
        for (int position = 0; position < Count; position++)
        {
            counts[sampler.Choose(logits, position)]++;
        }

        for (int id = 0; id < counts.Length; id++)
        {
            double p = weights[id] / weights.Sum();
            double deviation = Math.Sqrt(Count * p * (1 - p));
            Assert.InRange(counts[id], (Count * p) - (5 * deviation), (Count * p) + (5 * deviation));
        }
    }
}
