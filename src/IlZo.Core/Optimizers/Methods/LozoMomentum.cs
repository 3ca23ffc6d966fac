using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// LOZO-M: <see cref="Lozo"/> with momentum that is kept in the small factor. N ← βN + (1 − β) c U for each matrix, θ ← θ − η(N Vᵀ + λθ);
/// the first N is cU. Where V changes, N is carried over first: N ← N (V_oldᵀ V_new)/n, the projection of N V_oldᵀ on the new V. Vectors
/// have an ordinary average, m ← βm + (1 − β) ĝ.
/// </summary>
/// <remarks>Cost: LOZO's, and 4r bytes for each row of a matrix and 4 for each element of a vector.</remarks>
internal sealed class LozoMomentum : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly Lozo _lozo;
    private readonly double _beta;
    private readonly VectorAverage _vectors;
    private readonly float[]?[] _left;
    private long? _period;

    /// <param name="settings">What LOZO takes; the option beta (β).</param>
    public LozoMomentum(OptimizerSettings settings)
    {
        _settings = settings;
        _lozo = new Lozo(settings);
        _beta = settings.Options.Number("beta", 0.9, 0, 0.999999);
        _left = [.. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? new float[p.Rows * _lozo.Rank] : null)];
        _vectors = new VectorAverage(settings.Parameters.Trained.Where(p => !LazyFactors.IsMatrix(p)), settings.WeightDecay);
    }

    public override long StateBytes => _lozo.StateBytes + _vectors.StateBytes + (_left.Sum(n => (long)(n?.Length ?? 0)) * sizeof(float));

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate) =>
        _settings.Clip(_lozo.Combine(step, oracle.Losses(_lozo.Plan(step))));

    protected override void Update(StepRecord record, IBackend backend)
    {
        record.RequireCoefficients(_settings.Queries);

        double keep = _period is null ? 0 : _beta;
        CarryOver(_lozo.Factors.Period(record.Step));
        backend.Parallel(_left.Length, i => Advance(_settings.Parameters.Trained[i], record, keep));
        _vectors.Keep = keep;
        var z = new SumDirection([.. record.Coefficients.Select((c, q) => (c, _settings.Direction(record.Step, q)))]);
        var direction = new ScaledDirection(
            new LowRankDirection(new KeptFactor(_left), _lozo.Factors.Right(_lozo.Factors.Period(record.Step)), z),
            _lozo.Scales);
        var rounding = EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step);
        backend.Update(_settings.Parameters.Trained, new GradientEstimate([(1, direction)]), _vectors, record.LearningRate, rounding);
    }

    protected override void Dispose(bool disposing)
    {
        _lozo.Dispose();
        _vectors.Dispose();
    }

    private void Advance(Parameter p, StepRecord record, double keep)
    {
        if (_left[p.Index] is not { } n)
        {
            return;
        }

        Span<float> u = stackalloc float[Noise.NoiseField.Group];
        u = u[.._lozo.Rank];
        TensorPrimitives.Multiply(n, (float)keep, n);
        for (int row = 0; row < p.Rows; row++)
        {
            var to = n.AsSpan(row * _lozo.Rank, _lozo.Rank);
            for (int q = 0; q < record.Coefficients.Length; q++)
            {
                _lozo.Factors.Left(record.Step, q).Fill(p, row, u);
                TensorPrimitives.FusedMultiplyAdd(u, (float)((1 - keep) * record.Coefficients[q]), to, to);
            }
        }
    }

    private void CarryOver(long period)
    {
        if (_period is { } before && before != period)
        {
            var (from, to) = (_lozo.Factors.Draw(before), _lozo.Factors.Right(period));
            foreach (var p in _settings.Parameters.Trained.Where(LazyFactors.IsMatrix))
            {
                Project(_left[p.Index]!, from[p.Index]!, to[p.Index]!, p.Columns);
            }
        }

        _period = period;
    }

    // N ← N (V_oldᵀ V_new)/n.
    private void Project(float[] left, float[] from, float[] to, int columns)
    {
        int rank = _lozo.Rank;
        double[,] product = new double[rank, rank];
        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                product[i, j] = RowSums.Dot(from.AsSpan(i * columns, columns), to.AsSpan(j * columns, columns)) / columns;
            }
        }

        double[] old = new double[rank];
        for (int start = 0; start < left.Length; start += rank)
        {
            for (int i = 0; i < rank; i++)
            {
                old[i] = left[start + i];
            }

            for (int j = 0; j < rank; j++)
            {
                double sum = 0;
                for (int i = 0; i < rank; i++)
                {
                    sum += old[i] * product[i, j];
                }

                left[start + j] = (float)sum;
            }
        }
    }
}
