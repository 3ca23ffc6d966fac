using System.Numerics.Tensors;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// ZO-Muon (arXiv 2602.17155): one-sided SPSA along U_i Pᵀ for each m×n matrix, with an orthonormal P (n×r) that is drawn anew every T
/// steps and fresh U_i ~ N(0, I) of m×r; ĝ = Σ c_i U_i, and θ ← θ − η(msign(ĝ) Pᵀ + λθ) with the singular values of ĝ made 1
/// (<see cref="MatrixSign"/>). A step is thus η√min(m, r) long in a matrix whatever the loss: another scale of it gives the same step, and
/// with a single query only the sign of its coefficient counts. Vectors move by SGD, at η times the option vector_rate. E[ĝPᵀ] = GPPᵀ for
/// a gradient matrix G. Directions are √(r/n) times as long as MeZO's. A matrix of fewer than r columns has that many in P.
/// <para>
/// The authors' code (OPTML-Group/ZO-Muon) has P on the side of the m outputs, where U would have to lie in memory for each query; draws
/// another P for each query in steps that draw one, and lifts the sum by the last; adds 1e-7 to the norm by which msign begins; and gives
/// vectors the fixed rate 1e-7, which is 1e-5 times its η for language models, or 1e-4, 1e-2 times that for images.
/// </para>
/// </summary>
/// <remarks>
/// Cost with q queries: q + 1 forwards (5); rn numbers in place of a noise for each row and generation, and 3r²/2 for each row and step;
/// 4r bytes for each column and each row of a matrix.
/// </remarks>
internal sealed class ZoMuon : Optimizer
{
    private readonly OptimizerSettings _settings;
    private readonly SubspaceBases _bases;
    private readonly Spsa _spsa;
    private readonly Sgd _rule;
    private readonly double _vectorRate;
    private readonly bool _exact;
    private readonly float[]?[] _left;

    /// <param name="settings">What SPSA takes; the options rank (r), interval (T), vector_rate, and exact for singular values of 1.</param>
    public ZoMuon(OptimizerSettings settings)
    {
        int rank = settings.Options.Integer("rank", 64, 1, NoiseField.Group);
        _settings = settings;
        _bases = new SubspaceBases(settings, p => RankOf(p, rank), ofRows: false, settings.Options.Integer("interval", 100, 1));
        _spsa = new Spsa(settings, Direction);
        _rule = new Sgd(settings.WeightDecay);
        _vectorRate = settings.Options.Number("vector_rate", 1e-5, 0);
        _exact = settings.Options.Flag("exact");
        _left =
        [
            .. settings.Parameters.Trained.Select(p => LazyFactors.IsMatrix(p) ? new float[checked(p.Rows * RankOf(p, rank))] : null),
        ];
    }

    public override long StateBytes => _bases.StateBytes + (_left.Sum(l => (long)(l?.Length ?? 0)) * sizeof(float));

    /// <summary>P of a matrix in a step, column by column.</summary>
    internal float[] Basis(long step, Parameter p) => _bases.Of(step)[p.Index]!;

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate) =>
        _settings.Clip(_spsa.Combine(step, oracle.Losses(_spsa.Plan(step))));

    protected override void Update(StepRecord record, IBackend backend)
    {
        record.RequireCoefficients(_settings.Queries);
        float[] weights = Weights(record.Coefficients);
        backend.Parallel(_left.Length, i => Orthogonalize(_settings.Parameters.Trained[i], record.Step, weights));
        var vectors = new SumDirection(
            [.. record.Coefficients.Select((c, q) => (c * _vectorRate, _settings.Direction(record.Step, q)))]);
        var estimate = new GradientEstimate([(1, new LowRankDirection(new KeptFactor(_left), _bases.Of(record.Step), vectors))]);
        var rounding = EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step);
        backend.Update(_settings.Parameters.Trained, estimate, _rule, record.LearningRate, rounding);
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();

    private static int RankOf(Parameter p, int rank) => Math.Min(rank, p.Columns);

    private LowRankDirection Direction(long step, int query) => new(Fresh(step, query), _bases.Of(step), _settings.Direction(step, query));

    // U_i.
    private FreshFactor Fresh(long step, int query) => new(new NoiseKey(_settings.Seed, NoiseStream.FreshFactor, (uint)step, (uint)query));

    // Coefficients of at most 1, so that sums and squares are numbers at any scale of the loss.
    private static float[] Weights(double[] coefficients)
    {
        double largest = coefficients.Max(c => Math.Abs(c));
        return [.. coefficients.Select(c => largest > 0 ? (float)(c / largest) : 0)];
    }

    // msign(ĝ), in the place of ĝ.
    private void Orthogonalize(Parameter p, long step, float[] weights)
    {
        if (_left[p.Index] is { } left)
        {
            int rank = left.Length / p.Rows;
            Estimate(p, step, weights, left, rank);
            Multiply(left, MatrixSign.Multiplier(Square(left, rank), rank, _exact), rank);
        }
    }

    // ĝ.
    private void Estimate(Parameter p, long step, float[] weights, float[] left, int rank)
    {
        Span<float> fresh = stackalloc float[rank];
        FreshFactor[] factors = [.. weights.Select((_, q) => Fresh(step, q))];
        Array.Clear(left);
        for (int row = 0; row < p.Rows; row++)
        {
            var sum = left.AsSpan(row * rank, rank);
            for (int q = 0; q < weights.Length; q++)
            {
                factors[q].Fill(p, row, fresh);
                TensorPrimitives.FusedMultiplyAdd(fresh, weights[q], sum, sum);
            }
        }
    }

    // XᵀX: its upper half, row after row of X, and then the lower one.
    private static double[] Square(float[] x, int rank)
    {
        double[] square = new double[rank * rank];
        Span<double> row = stackalloc double[rank];
        for (int start = 0; start < x.Length; start += rank)
        {
            for (int k = 0; k < rank; k++)
            {
                row[k] = x[start + k];
            }

            for (int k = 0; k < rank; k++)
            {
                var to = square.AsSpan((k * rank) + k, rank - k);
                TensorPrimitives.FusedMultiplyAdd(row[k..], row[k], to, to);
            }
        }

        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < i; j++)
            {
                square[(i * rank) + j] = square[(j * rank) + i];
            }
        }

        return square;
    }

    // X ← XQ.
    private static void Multiply(float[] x, double[] q, int rank)
    {
        Span<double> sum = stackalloc double[rank];
        for (int start = 0; start < x.Length; start += rank)
        {
            sum.Clear();
            for (int k = 0; k < rank; k++)
            {
                TensorPrimitives.FusedMultiplyAdd(q.AsSpan(k * rank, rank), x[start + k], sum, sum);
            }

            for (int k = 0; k < rank; k++)
            {
                x[start + k] = (float)sum[k];
            }
        }
    }
}
