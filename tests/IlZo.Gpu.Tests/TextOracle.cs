using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;

namespace IlZo.Gpu.Tests;

/// <summary>The mean loss of the tokens of one text, whatever batch is asked for.</summary>
internal sealed class TextOracle(LanguageModel model, IBackend backend, int[] ids) : ILossOracle
{
    public IWeightSums Sums => backend;

    public double[] Losses(IReadOnlyList<Probe> probes, int draw = 0) => Losses(backend.Begin(ForwardFixture.Batch(ids), probes));

    public double[] LossesOfAll(IReadOnlyList<Probe> probes) => Losses(probes);

    double ILossOracle.Loss(IInputObserver observer) => Losses(backend.BeginObserved(ForwardFixture.Batch(ids), observer))[0];

    private double[] Losses(IPass pass)
    {
        var hidden = model.Forward(pass);
        return [.. pass.LogProbabilities(hidden, model.Head, [.. ids.Skip(1).Select((id, i) => (i, id))]).Select(l => -l.Average())];
    }
}
