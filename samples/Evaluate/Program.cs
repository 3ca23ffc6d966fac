using IlZo.Inference;
using IlZo.Training;

// A checkpoint or the folder of a run.
using var model = TextModel.Load(args[0]);
var evaluation = await model.EvaluateAsync(new TrainingOptions { Task = "sst2-sentiment", TestSize = 200 });
Console.WriteLine($"{evaluation.Correct} of {evaluation.Total} right, loss {evaluation.Loss:F4}");
foreach (var wrong in evaluation.Predictions.Where(p => !p.IsCorrect).Take(3))
{
    Console.WriteLine($"{wrong.Example.Where}: {wrong.Text}, and {string.Join(" or ", wrong.Gold)} was right");
}
