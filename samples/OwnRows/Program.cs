using IlZo.Training;

var rows = TrainingRows.Pairs(
[
    ("How do I reset my password?\n", "Choose Forgot password on the sign-in page."),
    ("Where is my invoice?\n", "Under Account, then Billing."),
    ("Do you ship to Norway?\n", "Yes, within five days."),
]);
var result = await Trainer.TrainAsync(new TrainingOptions { Examples = rows, Steps = 20 }, new RunFolder(args[0]));
Console.WriteLine($"perplexity {result.ZeroShot["perplexity"]:F1} before, {result.Test["perplexity"]:F1} after");
