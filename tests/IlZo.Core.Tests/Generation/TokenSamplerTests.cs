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
    [InlineData(1, 1, new double[] { 1, 2, 4, 1 })]
    [InlineData(0.5, 1, new double[] { 1, 4, 16, 1 })]
    [InlineData(1, 0.7, new double[] { 0, 2, 4, 0 })]
    [InlineData(1, 0.76, new double[] { 1, 2, 4, 0 })]
    [InlineData(1, 0.5, new double[] { 0, 0, 4, 0 })]
    public void Tokens_are_chosen_as_often_as_they_are_probable(double temperature, double topP, double[] weights)
    {
        const int Count = 20_000;
        var sampler = new TokenSampler(new SamplingOptions(temperature, topP, Seed: 11));
        int[] counts = new int[s_logits.Length];
        for (int position = 0; position < Count; position++)
        {
            counts[sampler.Choose(s_logits, position)]++;
        }

        for (int id = 0; id < counts.Length; id++)
        {
            double p = weights[id] / weights.Sum();
            double deviation = Math.Sqrt(Count * p * (1 - p));
            Assert.InRange(counts[id], (Count * p) - (5 * deviation), (Count * p) + (5 * deviation));
        }
    }

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
}
