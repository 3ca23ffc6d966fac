using IlZo.Training;

// Trains the model of the package IlZo.BuiltIn on its sample; set Model and Data to use others.
var options = new TrainingOptions { Model = "builtin", Steps = 40, EvalEvery = 20, DevSize = 100, TestSize = 100 };
var progress = new Progress<TrainingProgress>(p =>
{
    if (p is TrainingProgress.DevEvaluation dev)
    {
        Console.WriteLine($"step {dev.At}: dev loss {dev.Evaluation.Loss:F4}");
    }
});
var result = await Trainer.TrainAsync(options, new RunFolder(args[0]), progress: progress);
Console.WriteLine($"dev loss {result.DevLossAtStart:F4} before, {result.DevLoss:F4} after; accuracy {result.TestAccuracy:P1}");
