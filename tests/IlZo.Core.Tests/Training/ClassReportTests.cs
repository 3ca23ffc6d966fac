using IlZo.Tasks;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class ClassReportTests
{
    [Fact]
    public void Classes_have_precision_recall_and_F1()
    {
        // Rows: correct class; columns: predicted class.
        Prediction[] predictions = [.. Predictions(0, 0, 3), .. Predictions(0, 1, 1), .. Predictions(1, 0, 2), .. Predictions(1, 1, 4)];
        var report = ClassReport.Of(["a", "b", "c"], predictions);

        Assert.Equal([[3, 1, 0], [2, 4, 0], [0, 0, 0]], report.Confusion);
        Assert.Equal([new ClassResult("a", 4, 5, 3), new ClassResult("b", 6, 5, 4), new ClassResult("c", 0, 0, 0)], report.Classes);
        Near.Equal(0.6, report.Classes[0].Precision, 1e-15);
        Near.Equal(0.75, report.Classes[0].Recall, 1e-15);
        Near.Equal(2 * 0.6 * 0.75 / (0.6 + 0.75), report.Classes[0].F1, 1e-15);
        Assert.Equal((0.0, 0.0, 0.0), (report.Classes[2].Precision, report.Classes[2].Recall, report.Classes[2].F1));

        // Class c appears nowhere, so it is not part of the mean.
        Near.Equal((report.Classes[0].F1 + report.Classes[1].F1) / 2, new MacroF1().Of(predictions, 0), 1e-15);
    }

    [Fact]
    public void A_class_that_is_never_right_has_an_F1_of_0_and_counts()
    {
        Prediction[] predictions = [.. Predictions(0, 0, 3), .. Predictions(1, 0, 1)];
        var report = ClassReport.Of(["a", "b", "c"], predictions);
        Near.Equal(6.0 / 7, report.Classes[0].F1, 1e-15);
        Near.Equal(3.0 / 7, new MacroF1().Of(predictions, 0), 1e-15);
    }

    [Fact]
    public void Examples_without_a_prediction_count_as_support_alone()
    {
        var example = new EncodedExample([], 1, "test") { CandidateTexts = ["a", "b"] };
        var none = Prediction.Choose(example, [-1, double.NaN]);
        var report = ClassReport.Of(["a", "b"], [none]);
        Assert.Equal((null, false), (none.Text, none.IsCorrect));
        Assert.Equal(new ClassResult("b", 1, 0, 0), report.Classes[1]);
        Assert.Equal(0, new MacroF1().Of([none], 0));
    }

    [Fact]
    public void Any_accepted_candidate_is_correct()
    {
        var example = new EncodedExample([], 0, "test") { CandidateTexts = ["a", "b", "c"], Accepted = [0, 2] };
        Assert.Equal([false, true], new[] { Prediction.Choose(example, [-3, -1, -2]), Prediction.Choose(example, [-3, -2, -1]) }.Select(
            p => p.IsCorrect));
        Assert.Equal(["a", "c"], Prediction.Choose(example, [-3, -1, -2]).Gold);
    }

    private static IEnumerable<Prediction> Predictions(int correct, int predicted, int count)
    {
        double[] scores = [-1, -1, -1];
        scores[predicted] = 0;
        return Enumerable.Repeat(
            Prediction.Choose(new EncodedExample([], correct, "test") { CandidateTexts = ["a", "b", "c"] }, scores), count);
    }
}
