using IlZo.Perturbations;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// ZO-SGD-Cons: SPSA's estimate ĝ proposes two steps, and the best of {θ, θ − ηĝ, θ + ηĝ} on the same batch is taken; of equal ones,
/// the first. The batch loss never rises, except for what the stochastic rounding of 16-bit weights adds after the choice.
/// The coefficients of the log are those of ĝ times 1, −1 or 0, so that a replay needs no choice.
/// <para>
/// Source: Zhang et al., ZO-Bench/ZO-LLM, arXiv 2402.11592. The authors' code makes the second candidate from the first by an update of
/// −2ηĝ in place, which rounds differently and corrupts the buffer where there is momentum; here candidates are probes.
/// </para>
/// </summary>
/// <remarks>Cost: 5 forwards; 4 noise generations (the pair, each candidate, the update); no memory.</remarks>
/// <param name="settings">What SPSA takes.</param>
internal sealed class ZoConservative(OptimizerSettings settings) : RecordOptimizer
{
    private readonly Spsa _spsa = new(settings);
    private readonly Sgd _rule = new(settings.WeightDecay);

    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        double[] losses = oracle.Losses([.. _spsa.Plan(step), Probe.Unperturbed]);
        double[] coefficients = settings.Clip(_spsa.Combine(step, losses.AsSpan(0, losses.Length - 1)));
        if (!Array.TrueForAll(losses, double.IsFinite) || !Array.TrueForAll(coefficients, double.IsFinite))
        {
            return coefficients;
        }

        double[][] candidates = [coefficients, [.. coefficients.Select(c => -c)]];
        double[] reached = oracle.Losses(
            [.. candidates.Select(c => new Probe(new MoveDirection(Estimate(step, c), _rule, learningRate), 1))]);
        int better = reached[1] < reached[0] ? 1 : 0;
        return reached[better] < losses[^1] ? candidates[better] : new double[coefficients.Length];
    }

    protected override WeightUpdate Change(StepRecord record)
    {
        record.RequireCoefficients(settings.Queries);

        // To stay is to stay as one is, without decay.
        bool stays = Array.TrueForAll(record.Coefficients, c => c == 0);
        return new WeightUpdate(
            stays ? [] : settings.Parameters.Trained,
            Estimate(record.Step, record.Coefficients),
            _rule,
            record.LearningRate,
            EstimatorOptimizer.RoundingKey(settings.Seed, record.Step));
    }

    protected override void Dispose(bool disposing) => _rule.Dispose();

    private GradientEstimate Estimate(long step, double[] coefficients) => new([.. coefficients.Zip(_spsa.Directions(step))]);
}
