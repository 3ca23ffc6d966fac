using IlZo.Backends;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>The losses of one step's batches.</summary>
/// <param name="evaluator">Runs the forwards.</param>
/// <param name="examples">The training examples.</param>
/// <param name="order">Which of them a step sees.</param>
/// <param name="batchSize">Examples a batch.</param>
/// <param name="step">The step.</param>
internal sealed class StepOracle(
    LossEvaluator evaluator, TrainingExamples examples, DataOrder order, int batchSize, long step) : ILossOracle
{
    private readonly Dictionary<int, ScoringBatch> _batches = [];

    /// <summary>The step, counted from 1.</summary>
    public long Step => step;

    public IWeightSums Sums => evaluator.Sums;

    public bool HasDerivatives => evaluator.HasDerivatives;

    /// <summary>The examples of one of the step's batches.</summary>
    public IReadOnlyList<EncodedExample> Batch(int draw) =>
        [.. (draw == 0 ? order.Batch(step) : order.Draw(step, draw)).Select(i => examples.Train[i])];

    public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => evaluator.Losses(LaidOut(draw), probes);

    double ILossOracle.Loss(IInputObserver observer) => evaluator.Loss(LaidOut(0), observer);

    public double[] LossesOfAll(IReadOnlyList<Probe> probes) => evaluator.Losses(examples.Train, batchSize, probes);

    private ScoringBatch LaidOut(int draw)
    {
        if (!_batches.TryGetValue(draw, out var batch))
        {
            _batches[draw] = batch = evaluator.TrainingBatch(Batch(draw));
        }

        return batch;
    }
}
