using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public class ScoringTests
{
    [Fact]
    public void A_score_is_the_mean_and_not_the_sum()
    {
        Assert.Equal(-2.0, Scoring.Score([-1.0, -2.0, -3.0]), 15);
        Assert.Throws<ArgumentOutOfRangeException>(() => Scoring.Score([]));
    }

    [Fact]
    public void Classification_loss_of_two_equal_candidates_is_ln_2()
    {
        Assert.Equal(Math.Log(2), Scoring.ClassificationLoss([-3.25, -3.25], 0), 15);
        Assert.Equal(Math.Log(3), Scoring.ClassificationLoss([-3.25, -3.25, -3.25], 2), 15);
    }

    [Fact]
    public void Classification_loss_agrees_with_a_slow_reference()
    {
        double[][] options = [[-0.5, -1.5], [-2.0], [-0.1, -0.2, -4.0]];
        double[] scores = [.. options.Select(o => Scoring.Score(o))];
        for (int correct = 0; correct < 3; correct++)
        {
            double[] p = [.. options.Select(o => Math.Exp(o.Average()))];
            Assert.Equal(-Math.Log(p[correct] / p.Sum()), Scoring.ClassificationLoss(scores, correct), 13);
        }
    }

    [Fact]
    public void The_slope_of_the_classification_loss_is_its_derivative()
    {
        double[] scores = [-0.7, -1.9, -0.2];
        double[] tangents = [0.3, -2, 1.1];
        double[] p = [.. scores.Select(s => Math.Exp(s) / scores.Sum(Math.Exp))];
        for (int correct = 0; correct < 3; correct++)
        {
            double expected = p.Zip(tangents, (a, b) => a * b).Sum() - tangents[correct];
            Assert.Equal(expected, Scoring.ClassificationSlope(scores, tangents, correct), 14);
            double difference = (Loss(1e-5) - Loss(-1e-5)) / 2e-5;
            Assert.Equal(difference, Scoring.ClassificationSlope(scores, tangents, correct), 9);

            double Loss(double h) => Scoring.ClassificationLoss([.. scores.Zip(tangents, (s, t) => s + (h * t))], correct);
        }

        Assert.Equal(0.5, Scoring.ClassificationSlope([-2000, -2000], [1, 2], 0), 15);
        Assert.True(double.IsNaN(Scoring.ClassificationSlope([double.NaN, -1], [1, 1], 0)));
        Assert.True(double.IsNaN(Scoring.ClassificationSlope([-1, -1], [1, double.NaN], 0)));
    }

    [Fact]
    public void Classification_loss_survives_scores_whose_exponentials_do_not()
    {
        Assert.Equal(1.0 + Math.Log(1 + Math.Exp(-1)), Scoring.ClassificationLoss([-2000, -1999], 0), 12);
        Assert.Equal(Math.Log(1 + Math.Exp(-1)), Scoring.ClassificationLoss([2000, 2001], 1), 12);
    }

    [Fact]
    public void Not_a_number_stays_visible_in_the_loss()
    {
        Assert.True(double.IsNaN(Scoring.ClassificationLoss([double.NaN, -1], 1)));
        Assert.True(double.IsNaN(Scoring.ClassificationLoss([-1, double.NaN], 0)));
        Assert.True(double.IsNaN(Scoring.ClassificationLoss([double.NegativeInfinity, double.NegativeInfinity], 0)));
        Assert.True(double.IsNaN(Scoring.ClassificationLoss([double.PositiveInfinity, -1], 1)));
        Assert.True(double.IsNaN(Scoring.LanguageModelLoss([-1, double.NaN]).Sum));
        Assert.True(double.IsNaN(ExampleLoss.Mean([new(1, 1), new(double.NaN, 1), new(1, 1)])));
        Assert.Equal(double.PositiveInfinity, Scoring.ClassificationLoss([double.NegativeInfinity, -1], 0));
        Assert.Equal(0.0, Scoring.ClassificationLoss([double.NegativeInfinity, -1], 1));
    }

    [Fact]
    public void Language_model_loss_is_the_token_mean_of_the_batch()
    {
        // Option lengths 1 and 9: the mean of the examples' means would be 2.
        ExampleLoss[] batch = [Scoring.LanguageModelLoss([-3.0]), Scoring.LanguageModelLoss([.. Enumerable.Repeat(-1.0, 9)])];
        Assert.Equal([new(3, 1), new(9, 9)], batch);
        Assert.Equal(1.2, ExampleLoss.Mean(batch), 15);
    }

    [Fact]
    public void A_batch_adds_examples_not_tokens()
    {
        // 2⁵³ + 1 rounds to 2⁵³: with all tokens in one chain both ones would be lost.
        ExampleLoss[] batch = [Scoring.LanguageModelLoss([-9007199254740992.0]), Scoring.LanguageModelLoss([-1.0, -1.0])];
        Assert.Equal(9007199254740994.0 / 3, ExampleLoss.Mean(batch));
    }

    [Fact]
    public void The_prediction_is_the_highest_score_and_the_first_of_equals()
    {
        Assert.Equal(1, Scoring.Predict([-3, -1, -2]));
        Assert.Equal(0, Scoring.Predict([-1, -1]));
        Assert.Equal(1, Scoring.Predict([double.NegativeInfinity, -1]));
    }

    [Fact]
    public void Not_a_number_never_wins()
    {
        Assert.Equal(Scoring.NoPrediction, Scoring.Predict([double.NaN, -1]));
        Assert.Equal(Scoring.NoPrediction, Scoring.Predict([-1, double.NaN]));
        Assert.Equal(Scoring.NoPrediction, Scoring.Predict([]));
    }

    [Theory]
    [InlineData(66, 104, 0.538810164089419, 0.7208302405026132)]
    [InlineData(5, 10, 0.236593090512564, 0.763406909487436)]
    [InlineData(0, 10, 0.0, 0.277532799862889)]
    [InlineData(10, 10, 0.722467200137111, 1.0)]
    public void Wilson_interval(int hits, int total, double low, double high)
    {
        var interval = Scoring.WilsonInterval(hits, total);
        Assert.Equal(low, interval.Low, 12);
        Assert.Equal(high, interval.High, 12);
    }

    [Fact]
    public void Wilson_interval_refuses_impossible_counts()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Scoring.WilsonInterval(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Scoring.WilsonInterval(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Scoring.WilsonInterval(-1, 1));
    }
}
