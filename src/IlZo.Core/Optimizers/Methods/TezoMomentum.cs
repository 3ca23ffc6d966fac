using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// TeZO-m: <see cref="Tezo"/> with momentum of the r numbers of each matrix, M ← βM + (1 − β) c τ, θ ← θ − η(U diag(M) Vᵀ/r + λθ). As U and
/// V stay, that is an average of whole estimates. Vectors have an ordinary one, m ← βm + (1 − β) ĝ. Both begin at 0.
/// </summary>
/// <remarks>Cost: TeZO's, and 4r bytes for each matrix and 4 for each element of a vector.</remarks>
internal sealed class TezoMomentum : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly Tezo _tezo;
    private readonly double _beta;
    private readonly VectorAverage _vectors;
    private readonly float[]?[] _weights;

    /// <param name="settings">What TeZO takes; the option beta (β).</param>
    public TezoMomentum(OptimizerSettings settings)
    {
        _settings = settings;
        _tezo = new Tezo(settings);
        _beta = settings.Options.Number("beta", 0.9, 0, 0.999999);
        _weights = [.. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? new float[_tezo.Rank] : null)];
        var vectors = settings.Parameters.Trained.Where(p => !LazyFactors.IsMatrix(p));
        _vectors = new VectorAverage(vectors, settings.WeightDecay) { Keep = _beta };
    }

    public override long StateBytes => _tezo.StateBytes + _vectors.StateBytes + (_weights.Sum(w => (long)(w?.Length ?? 0)) * sizeof(float));

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate) =>
        _settings.Clip(_tezo.Combine(step, oracle.Losses(_tezo.Plan(step))));

    protected override void Update(StepRecord record, IBackend backend)
    {
        record.RequireCoefficients(_settings.Queries);
        Span<float> fresh = stackalloc float[_tezo.Rank];
        foreach (var p in _settings.Parameters.Trained.Where(LazyFactors.IsMatrix))
        {
            float[] mean = _weights[p.Index]!;
            TensorPrimitives.Multiply(mean, (float)_beta, mean);
            for (int q = 0; q < record.Coefficients.Length; q++)
            {
                _tezo.FillWeights(record.Step, q, p, fresh);
                TensorPrimitives.FusedMultiplyAdd(fresh, (float)((1 - _beta) * record.Coefficients[q]), mean, mean);
            }
        }

        var vectors = new SumDirection([.. record.Coefficients.Select((c, q) => (c, _settings.Direction(record.Step, q)))]);
        var estimate = new GradientEstimate([(1, _tezo.Along(record.Step, _weights, vectors))]);
        var rounding = EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step);
        backend.Update(_settings.Parameters.Trained, estimate, _vectors, record.LearningRate, rounding);
    }

    protected override void Dispose(bool disposing)
    {
        _tezo.Dispose();
        _vectors.Dispose();
    }
}
