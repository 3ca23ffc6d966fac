using IlZo.Backends;
using IlZo.Noise;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Optimizers;

/// <summary>
/// A method: an estimator of the gradient and a rule that applies it. A step is decided by its record alone, so that training and
/// replaying a log change the weights in the same way.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="estimator">Where to evaluate, and what the losses say.</param>
/// <param name="rule">What to do with the estimate.</param>
public sealed class Optimizer(ulong seed, Estimator estimator, UpdateRule rule)
{
    public Estimator Estimator { get; } = estimator;

    /// <summary>What a step does, from the losses at its probes. A loss that is not finite makes the step a skipped one.</summary>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="losses">The loss at each probe of the plan.</param>
    /// <param name="learningRate">The rate of this step.</param>
    public StepRecord Decide(long step, double[] losses, double learningRate)
    {
        bool skipped = !Array.TrueForAll(losses, double.IsFinite);
        return new StepRecord
        {
            Step = step,
            Skipped = skipped,
            LearningRate = learningRate,
            Losses = losses,
            Coefficients = skipped ? [] : Estimator.Combine(losses),
        };
    }

    /// <summary>Changes the weights as the record says.</summary>
    public void Apply(StepRecord record, IBackend backend, ParameterSet parameters)
    {
        if (record.Skipped)
        {
            return;
        }

        var directions = Estimator.Directions(record.Step);
        if (directions.Count != record.Coefficients.Length)
        {
            throw new InvalidInputException(
                $"Step {record.Step} has {record.Coefficients.Length} coefficients; {directions.Count} were expected of this optimizer.");
        }

        var estimate = new GradientEstimate([.. record.Coefficients.Zip(directions)]);
        var rounding = new NoiseKey(seed, NoiseStream.StochasticRounding, (uint)record.Step, 0);
        backend.Update(parameters, estimate, rule, record.LearningRate, rounding);
    }
}
