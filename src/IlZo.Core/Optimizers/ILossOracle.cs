using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>Tells an optimizer the losses of a step's examples at the points it asks for.</summary>
public interface ILossOracle
{
    /// <summary>The loss of one batch at each probe.</summary>
    /// <param name="probes">The points.</param>
    /// <param name="draw">Which of the step's batches: 0 is the one it trains on, others are further ones, the same whenever they are asked
    /// for.</param>
    double[] Losses(IReadOnlyList<Probe> probes, int draw = 0);

    /// <summary>The loss of all training examples at each probe.</summary>
    double[] LossesOfAll(IReadOnlyList<Probe> probes);

    /// <summary>Sums over the weights that losses are evaluated at.</summary>
    IWeightSums Sums { get; }
}
