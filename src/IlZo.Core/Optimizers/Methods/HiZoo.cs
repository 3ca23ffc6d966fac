using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// HiZOO (arXiv 2402.15173): SPSA along z∘H^−½ with a learned diagonal H > 0 in place of the Hessian, which starts at 1.
/// c = (L₊ − L₋)/2ε and s = |L₊ + L₋ − 2L(θ)|/2ε²; H ← (1 − α)H + α s H∘z²; ĝ = c z∘H^−½ with the new H, where the probes had the old one,
/// as in the authors' code (Yanjun-Zhao/HiZOO); θ ← θ − η(ĝ + λθ). On a quadratic with Hessian A and H fixed E[ĝ] = g/H, and without
/// the magnitude E[s H∘z²] = diag(A) + ½ tr(A/H) H: the second term is a growth common to all, so α is tiny (1e-8). With α = 0 it is
/// MeZO at one more forward.
/// <para>
/// What is kept is H − 1: changes of 1e-8 would be lost on fp32 numbers near 1. The code runs a fourth forward for its log.
/// s takes losses to about ε² tr A: it means something only where they are accumulated beyond fp16.
/// </para>
/// </summary>
/// <remarks>Cost: 3 forwards; 2 noise generations (probes, update); 4 bytes a weight.</remarks>
internal sealed class HiZoo : RecordOptimizer
{
    private readonly OptimizerSettings _settings;
    private readonly DiagonalScaling _rule;

    /// <param name="settings">The radius and the directions; the option alpha (α).</param>
    public HiZoo(OptimizerSettings settings)
    {
        _settings = settings;
        _rule = new DiagonalScaling(settings, settings.Options.Number("alpha", 1e-8, 0, 0.1));
    }

    public override long StateBytes => _rule.StateBytes;

    public override double ProjectedGradient(StepRecord record) => record.Coefficients.FirstOrDefault();

    /// <summary>H − 1 of a slice.</summary>
    internal Span<float> Excess(in WeightSlice slice, int count) => _rule.Excess.At(slice, count);

    /// <summary>z∘H^−½ as H is now.</summary>
    internal Direction Scaled(long step) => new InverseRootDirection(_settings.Direction(step, 0), _rule.Excess);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        double epsilon = _settings.Epsilon;
        var direction = Scaled(step);
        double[] losses = oracle.Losses([Probe.Pair(direction, epsilon), Probe.Unperturbed]);
        double curvature = Math.Abs(losses[0] + losses[1] - (2 * losses[2])) / (2 * epsilon * epsilon);
        return [.. _settings.Clip([(losses[0] - losses[1]) / (2 * epsilon)]), curvature];
    }

    protected override WeightUpdate Change(StepRecord record)
    {
        record.RequireCoefficients(2);

        var z = new GradientEstimate([(1, _settings.Direction(record.Step, 0))]);
        return new WeightUpdate(
            _settings.Parameters.Trained,
            z,
            _rule.OfStep(record.Coefficients[0], record.Coefficients[1]),
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(_settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();
}
