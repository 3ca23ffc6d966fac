using IlZo.Inference;
using IlZo.Tasks;
using IlZo.Training;

using var model = TextModel.Load(args[0]);
var evaluation = await model.EvaluateAsync(new TrainingOptions { Task = "sst2-sentiment", TestSize = 200 }, metrics: [new ShareOfFirst()]);
Console.WriteLine(
    $"accuracy {evaluation.Accuracy:P1}; the first class is predicted for {evaluation.Metrics["share_of_first"]:P1} of the rows");

// How often a model answers with the first class; a value near 0 or 1 indicates a bias.
internal sealed class ShareOfFirst : IMetric
{
    public string Name => "share_of_first";

    public string Title => "answers that are the first class";

    public AnswerKind Judges => AnswerKind.Class;

    public double Of(IReadOnlyList<Prediction> predictions, double loss) => predictions.Average(p => p.Choice == 0 ? 1 : 0);
}
