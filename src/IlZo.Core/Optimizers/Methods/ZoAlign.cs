using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// ZO-Align ("Multi-Query Paradox", arXiv 2509.15552): what q directions S say of the gradient, as the vector of their span that agrees
/// with all of them, ĝ = (d/q) S(SᵀS)⁻¹y where y are the difference quotients and d the number of weights; in place of their mean, Sy/q.
/// On a linear function S(SᵀS)⁻¹y is the projection of the gradient g on the span, whatever the directions' lengths and angles; the
/// factor d/q, which is ours, makes E[ĝ] = g, so rates are MeZO's. cos²(ĝ, g) has the distribution Beta(q/2, (d − q)/2), with q = d ĝ is
/// g, and E‖ĝ‖² = (d/q)‖g‖², where the mean of q has ((d + q + 1)/q)‖g‖²: the two differ where q is no small part of d, as for an adapter
/// of few weights.
/// <para>
/// The paper's text was not available to us: this follows its abstract, which names the projection, and not whether differences have one
/// side or two. Directions that lie in the span of others are left out.
/// </para>
/// </summary>
/// <remarks>Cost: q + 1 forwards, or 2q; q(q + 1)/2 sums over pairs of noises beside the probes' and the update's; no memory.</remarks>
/// <param name="settings">What SPSA takes.</param>
internal sealed class ZoAlign(OptimizerSettings settings) : RecordOptimizer
{
    private readonly Spsa _spsa = new(settings);
    private readonly Sgd _rule = new(settings.WeightDecay);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        double[] quotients = [.. _spsa.Combine(step, oracle.Losses(_spsa.Plan(step))).Select(c => c * settings.Queries)];
        long weights = settings.Parameters.TrainedCount;
        var (alpha, dimension) = SpanProjection.Solve(Gram(_spsa.Directions(step), oracle.Sums), quotients, weights);
        double scale = (double)weights / dimension;
        return settings.Clip([.. alpha.Select(a => a * scale)]);
    }

    protected override WeightUpdate Change(StepRecord record)
    {
        record.RequireCoefficients(settings.Queries);
        return new WeightUpdate(
            settings.Parameters.Trained,
            new GradientEstimate([.. record.Coefficients.Zip(_spsa.Directions(record.Step))]),
            _rule,
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();

    // 2sᵢᵀsⱼ = ‖sᵢ + sⱼ‖² − ‖sᵢ‖² − ‖sⱼ‖².
    private double[][] Gram(IReadOnlyList<Direction> directions, IWeightSums sums)
    {
        double[][] gram = [.. directions.Select((s, i) => new double[i + 1])];
        for (int i = 0; i < gram.Length; i++)
        {
            gram[i][i] = Square(directions[i]);
            for (int j = 0; j < i; j++)
            {
                gram[i][j] = (Square(new SumDirection([(1, directions[i]), (1, directions[j])])) - gram[i][i] - gram[j][j]) / 2;
            }
        }

        return gram;

        double Square(Direction direction) => sums.RowSquares(settings.Parameters.Trained, direction).Sum(rows => rows.Sum());
    }
}
