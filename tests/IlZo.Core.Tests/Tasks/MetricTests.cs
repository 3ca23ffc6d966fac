using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

public sealed class MetricTests
{
    [Fact]
    public void An_accepted_candidate_of_the_highest_score_is_correct()
    {
        Assert.Equal(1, Accuracy.OfCandidates.Of(Choice([-2, -1], [1])));
        Assert.Equal(0, Accuracy.OfCandidates.Of(Choice([-2, -1], [0])));
        Assert.Equal(1, Accuracy.OfCandidates.Of(Choice([-1, -1], [0])));
        Assert.Equal(1, Accuracy.OfCandidates.Of(Choice([-3, -2, -1], [0, 2])));
        Assert.Equal(0, Accuracy.OfCandidates.Of(Choice([-1, double.NaN], [0])));
    }

    [Fact]
    public void A_metric_of_examples_is_their_mean()
    {
        Prediction[] predictions = [Answer("the film", "film"), Answer("a red film", "film"), Answer(null, "film")];
        Assert.Equal([1, 2.0 / 3, 0], predictions.Select(p => TokenF1.Instance.Of(p)));
        Assert.Equal(5.0 / 9, ((IMetric)TokenF1.Instance).Of(predictions, 0), 15);
        Assert.Equal(1.0 / 3, ((IMetric)Accuracy.ExactMatch).Of(predictions, 0), 15);
    }

    [Fact]
    public void Perplexity_is_that_of_the_loss() => Near.Equal(Math.E, Perplexity.Instance.Of([], 1), 1e-15);

    [Fact]
    public void Names_say_which_metric_is_meant()
    {
        Assert.Equal(MetricCatalog.All.Count, MetricCatalog.All.DistinctBy(m => m.Name).Count());
        Assert.All(MetricCatalog.All, m => Assert.Same(m, MetricCatalog.Find(m.Name)));
        Assert.All(MetricCatalog.All, m => Assert.Matches("^[a-z][a-z0-9_]{0,63}$", m.Name));
        Assert.Null(MetricCatalog.Find("F1"));

        // Fields of one evaluation do not collide, and what every log says of its kind is among them.
        foreach (var kind in Enum.GetValues<AnswerKind>())
        {
            var metrics = MetricCatalog.Of(kind);
            Assert.Equal(metrics.Count, metrics.DistinctBy(m => m.Field).Count());
            Assert.Equal(MetricCatalog.Usual(kind), metrics.Take(MetricCatalog.Usual(kind).Count));
            Assert.All(metrics, m => Assert.True(m.Judges.HasFlag(kind)));
        }
    }

    [Fact]
    public void Values_are_found_by_their_metric_and_its_field()
    {
        var values = new MetricValues(new MetricValue(Accuracy.ExactMatch, 0.25), new MetricValue(TokenF1.Instance, 0.5));
        Assert.Equal((0.25, 0.5, null), (values["accuracy"], values[TokenF1.Instance], values[Accuracy.OfCandidates]));
        Assert.Equal("50.0 %", values[1].Text);
        Assert.Equal("12.346", new MetricValue(Perplexity.Instance, 12.3456).Text);
        Assert.Equal(values, new MetricValues(values));
        Assert.NotEqual(values, new MetricValues(values.Reverse()));
    }

    private static Prediction Choice(double[] scores, int[] accepted) =>
        Prediction.Choose(new EncodedExample([], accepted[0], "test") { Accepted = accepted }, scores);

    private static Prediction Answer(string? text, params string[] gold) =>
        Prediction.Generated(new EncodedExample([], 0, "test") { Answers = gold }, text);
}
