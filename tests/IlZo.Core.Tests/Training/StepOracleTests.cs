using IlZo.Backends.Cpu;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Training;

public sealed class StepOracleTests
{
    [Fact]
    public void Losses_are_those_of_the_batch_of_the_draw_or_of_all_training_examples()
    {
        var options = new TrainingOptions
        {
            Model = TestData.Path("models", "stories260K"),
            Task = "sst2",
            TrainSize = 11,
            DevSize = 0,
            TestSize = 0,
            MaxLength = 48,
        };
        using var model = ModelLoader.Load(options.Model);
        using var backend = new CpuBackend(1);
        var examples = TrainingExamples.Load(options, model, ModelLoader.Tokenizer(model.Checkpoint));
        var evaluator = new LossEvaluator(model, backend, examples.Objective);
        var order = new DataOrder(options.Seed, examples.Train.Count, 4);
        var oracle = new StepOracle(evaluator, examples, order, 4, step: 2);

        Near.Equal(evaluator.Evaluate(examples.Train).Loss, oracle.LossesOfAll([Probe.Unperturbed])[0], 1e-6);
        Near.Equal(Loss(order.Batch(2)), oracle.Losses([Probe.Unperturbed])[0], 1e-6);
        Near.Equal(Loss(order.Draw(2, 3)), oracle.Losses([Probe.Unperturbed], 3)[0], 1e-6);
        long before = evaluator.ForwardPasses;
        oracle.LossesOfAll([Probe.Unperturbed, Probe.Unperturbed]);
        Assert.Equal(2 * 3, evaluator.ForwardPasses - before);

        double Loss(int[] indices) => evaluator.Evaluate([.. indices.Select(i => examples.Train[i])]).Loss;
    }
}
