using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Training;

/// <summary>
/// A backend that shows the estimate of each update instead of moving weights by it. Rules still learn: they see the estimate at a rate of
/// zero, at which no weight changes. Updates at a rate of zero, with which methods learn, are no part of an estimate.
/// </summary>
/// <param name="inner">The backend, which remains its owner's.</param>
/// <param name="onEstimate">
/// Told the tensors that an update covers and the estimate, before the rule sees it; several times a step by methods that update one
/// direction after the other.
/// </param>
internal sealed class EstimateRecorder(IBackend inner, Action<IReadOnlyList<Parameter>, GradientEstimate> onEstimate) : IBackend
{
    public Engine Engine => inner.Engine;

    long? IBackend.FreeBytes => inner.FreeBytes;

    public void Load(ParameterSet parameters, CancellationToken cancellation = default) => inner.Load(parameters, cancellation);

    public void Store(ParameterSet parameters) => inner.Store(parameters);

    void IBackend.Store(ParameterState state) => inner.Store(state);

    void IBackend.Keep(WeightCopy copy) => inner.Keep(copy);

    KeyValueCache IBackend.CreateCache(int layers, int features, int capacity, int slots) =>
        inner.CreateCache(layers, features, capacity, slots);

    IPass IBackend.Begin(TokenBatch batch, IReadOnlyList<Probe> probes, KeyValueCache? cache) => inner.Begin(batch, probes, cache);

    public void Update(
        IReadOnlyList<Parameter> parameters, GradientEstimate estimate, UpdateRule rule, double learningRate, NoiseKey rounding)
    {
        if (learningRate != 0)
        {
            onEstimate(parameters, rule.EstimateOf(estimate));
        }

        inner.Update(parameters, estimate, rule, 0, rounding);
    }

    void IBackend.Parallel(int items, Action<int> body) => inner.Parallel(items, body);

    public double[][] RowSquares(IReadOnlyList<Parameter> parameters, Direction direction) => inner.RowSquares(parameters, direction);

    public RowProducts[] Multiply(
        IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted) =>
        inner.Multiply(parameters, direction, vectors, weighted);

    public void Dispose()
    {
    }
}
