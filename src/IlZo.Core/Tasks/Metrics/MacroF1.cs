namespace IlZo.Tasks;

/// <summary>The mean of the classes' F1, over those that are correct or predicted for any example.</summary>
internal sealed class MacroF1 : IMetric
{
    public string Name => "macro_f1";

    public string Title => "macro F1";

    public AnswerKind Judges => AnswerKind.Class;

    public double Of(IReadOnlyList<Prediction> predictions, double loss)
    {
        var counts = new ConfusionMatrix(predictions);
        return Enumerable.Range(0, counts.Classes).Where(c => counts.Support(c) + counts.Predicted(c) > 0).Average(counts.F1);
    }
}
