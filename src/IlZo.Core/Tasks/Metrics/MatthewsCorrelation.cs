namespace IlZo.Tasks;

/// <summary>
/// Matthews's correlation of correct and predicted classes, for any number of them; GLUE's metric for CoLA. 1 where all predictions are
/// right, 0 where they say nothing of the classes, in particular where there is only one class. An example without a prediction counts as
/// of a class of its own. Source: Gorodkin 2004, Computational Biology and Chemistry 28, equation 8; scikit-learn, matthews_corrcoef.
/// </summary>
internal sealed class MatthewsCorrelation : IMetric
{
    public string Name => "matthews_correlation";

    public string Title => "Matthews correlation";

    public AnswerKind Judges => AnswerKind.Class;

    public double Of(IReadOnlyList<Prediction> predictions, double loss)
    {
        var counts = new ConfusionMatrix(predictions);
        double[] correct = [.. Enumerable.Range(0, counts.Classes).Select(c => (double)counts.Support(c))];
        double[] predicted = [.. Enumerable.Range(0, counts.Classes).Select(c => (double)counts.Predicted(c))];
        double all = counts.Examples;
        double without = all - predicted.Sum();
        double hits = Enumerable.Range(0, counts.Classes).Sum(counts.Correct);
        double covariance = (hits * all) - correct.Zip(predicted, (t, p) => t * p).Sum();
        double ofCorrect = (all * all) - correct.Sum(t => t * t);
        double ofPredicted = (all * all) - predicted.Sum(p => p * p) - (without * without);
        return ofCorrect == 0 || ofPredicted == 0 ? 0 : covariance / Math.Sqrt(ofCorrect * ofPredicted);
    }

    /// <summary>A correlation is no share.</summary>
    public string Format(double value) => FormattableString.Invariant($"{value:F3}");
}
