using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;
using IlZo.Updates;

var method = new OptimizerMethod(
    "forward", "forward differences", s => new EstimatorOptimizer(s, new ForwardDifference(s), new Sgd(s.WeightDecay)));
var options =
    new TrainingOptions { Optimizer = "forward", Methods = [method], LearningRate = 5e-5, Steps = 20, DevSize = 100, TestSize = 100 };
var result = await Trainer.TrainAsync(options, new RunFolder(args[0]));
Console.WriteLine($"dev loss {result.DevLossAtStart:F4} before, {result.DevLoss:F4} after");

// ĝ = (L(θ + εz) − L(θ)) / ε · z, which any rule can apply: plain SGD here.
internal sealed class ForwardDifference(OptimizerSettings settings) : Estimator
{
    public override IReadOnlyList<Direction> Directions(long step) => [settings.Direction(step, query: 0)];

    public override IReadOnlyList<Probe> Plan(long step) => [Probe.Unperturbed, new Probe(Directions(step)[0], settings.Epsilon)];

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => [(losses[1] - losses[0]) / settings.Epsilon];
}
