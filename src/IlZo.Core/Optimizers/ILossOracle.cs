using IlZo.Backends;
using IlZo.Perturbations;

namespace IlZo.Optimizers;

/// <summary>Provides an optimizer with the losses of a step's examples at the points it chooses.</summary>
public interface ILossOracle
{
    /// <summary>
    /// Whether a <see cref="Probe.Derivative"/> may be among the probes; its second number is then the derivative of the loss.
    /// </summary>
    bool HasDerivatives => false;

    /// <summary>The loss of one batch at each point of the probes, in order.</summary>
    /// <param name="probes">The points, one or two a probe.</param>
    /// <param name="draw">Which of the step's batches: 0 is the one it trains on; others are further batches, the same each time they are
    /// requested.</param>
    double[] Losses(IReadOnlyList<Probe> probes, int draw = 0);

    /// <summary>The loss of the batch that a step trains on, at the weights, where somebody sees what trained tensors are applied
    /// to.</summary>
    /// <param name="observer">Who sees it.</param>
    /// <exception cref="InvalidInputException">These losses are not those of a model's layers.</exception>
    internal double Loss(IInputObserver observer) => throw new InvalidInputException(
        $"The method takes {PassKind.Inputs.Words()}, and these losses have none; a method of losses alone was expected.");

    /// <summary>The loss of all training examples at each point of the probes, in order.</summary>
    double[] LossesOfAll(IReadOnlyList<Probe> probes);

    /// <summary>Sums over the weights at which losses are evaluated.</summary>
    IWeightSums Sums { get; }
}
