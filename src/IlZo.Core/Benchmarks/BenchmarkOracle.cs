using IlZo.Backends;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;

namespace IlZo.Benchmarks;

/// <summary>The loss of random texts, evaluated as training does.</summary>
/// <param name="model">The model.</param>
/// <param name="backend">What runs the forwards.</param>
/// <param name="batch">Texts.</param>
/// <param name="length">Tokens of each.</param>
internal sealed class BenchmarkOracle(LanguageModel model, IBackend backend, int batch, int length) : ILossOracle
{
    private readonly (TokenBatch Tokens, List<(int Output, int Id)> Targets) _texts = RandomBatch.Create(model, batch, length);

    /// <summary>Forward passes so far, one for each point.</summary>
    public long ForwardPasses { get; private set; }

    public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0)
    {
        double[] losses = new double[ProbePoints.Count(probes)];
        ForwardPasses += losses.Length;
        int first = 0;
        var groups = ProbePoints.Grouped(probes, LossEvaluator.PointsPerPass);
        for (int i = 0; i < groups.Count; i++)
        {
            first += Pass(backend.Begin(_texts.Tokens, groups[i]), losses.AsSpan(first));
        }

        return losses;
    }

    public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

    public IWeightSums Sums => backend;

    // The mean of log-probabilities has the mean of their tangents.
    public bool HasDerivatives => backend.Engine.Has(PassKind.Derivatives);

    double ILossOracle.Loss(IInputObserver observer)
    {
        ForwardPasses++;
        double[] loss = new double[1];
        Pass(backend.BeginObserved(_texts.Tokens, observer), loss);
        return loss[0];
    }

    private int Pass(IPass pass, Span<double> losses)
    {
        double[][] found = pass.LogProbabilities(model.Forward(pass), model.Head, _texts.Targets);
        for (int i = 0; i < found.Length; i++)
        {
            losses[i] = -found[i].Average();
        }

        return found.Length;
    }
}
