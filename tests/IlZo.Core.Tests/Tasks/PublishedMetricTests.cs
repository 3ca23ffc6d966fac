using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Metrics beside accuracy and F1, against published values and values computed by hand.</summary>
public sealed class PublishedMetricTests
{
    // The example of scikit-learn's matthews_corrcoef: y_true [+1, +1, +1, -1], y_pred [+1, -1, +1, +1].
    [Fact]
    public void Matthews_correlation_of_two_classes_is_the_correlation_of_their_numbers()
    {
        Near.Equal(-1.0 / 3, Matthews(2, (1, 1), (1, 0), (1, 1), (0, 1)), 1e-15);
        Near.Equal(1, Matthews(2, (0, 0), (1, 1)), 1e-15);
        Near.Equal(-1, Matthews(2, (0, 1), (1, 0)), 1e-15);
    }

    // By hand: 3 of 6 right; Σ t p = 3·2 + 2·2 + 1·2 = 12; (3·6 - 12) / √((36 - 14)(36 - 12)).
    [Fact]
    public void Matthews_correlation_of_three_classes_is_Gorodkins() =>
        Near.Equal(6 / Math.Sqrt(22 * 24), Matthews(3, (0, 0), (0, 1), (0, 2), (1, 1), (1, 0), (2, 2)), 1e-15);

    [Fact]
    public void One_class_alone_has_no_correlation()
    {
        Assert.Equal(0, Matthews(2, (0, 1), (1, 1), (0, 1)));
        Assert.Equal(0, Matthews(2, (1, 0), (1, 1)));
    }

    // Three classes of which "none" is never correct: by hand (1·2 - 1) / √((4 - 2)(4 - 2)).
    [Fact]
    public void An_example_without_a_prediction_is_of_no_class_when_classes_are_correlated()
    {
        Prediction[] predictions =
            [Of(2, 0, 0), Prediction.Choose(new EncodedExample([], 1, "test") { CandidateTexts = ["0", "1"] }, [-1, double.NaN])];
        Near.Equal(0.5, new MatthewsCorrelation().Of(predictions, 0), 1e-15);
    }

    // Lin 2004, section 3.1: S2 and S3 against S1, with β 1.
    [Theory]
    [InlineData("police kill the gunman", 0.75)]
    [InlineData("the gunman kill police", 0.5)]
    [InlineData("Police, killed: THE gunman!", 1)]
    [InlineData("", 0)]
    [InlineData("...", 0)]
    [InlineData(null, 0)]
    public void Rouge_L_counts_words_in_order(string? answer, double expected) =>
        Near.Equal(expected, new RougeL().Of(Answer(answer, "police killed the gunman")), 1e-15);

    [Fact]
    public void Rouge_L_takes_the_gold_answer_that_agrees_best()
    {
        // Words in common in order: 2 of 3 and 5, 3 of 3 and 4.
        Near.Equal(6.0 / 7, new RougeL().Of(Answer("a b c", "a x b x x", "a b x c")), 1e-15);
        Assert.Equal(0, new RougeL().Of(Answer("a", "", "!")));
    }

    private static double Matthews(int classes, params (int Correct, int Predicted)[] examples) =>
        new MatthewsCorrelation().Of([.. examples.Select(e => Of(classes, e.Correct, e.Predicted))], 0);

    private static Prediction Of(int classes, int correct, int predicted) => Prediction.Choose(
        new EncodedExample([], correct, "test") { CandidateTexts = [.. Enumerable.Range(0, classes).Select(c => $"{c}")] },
        [.. Enumerable.Range(0, classes).Select(c => c == predicted ? 0.0 : -1)]);

    private static Prediction Answer(string? text, params string[] gold) =>
        Prediction.Generated(new EncodedExample([], 0, "test") { Answers = gold }, text);
}
