using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Optimizers;

/// <summary>
/// The usual composition: a gradient estimator, whose coefficients may be clipped, and a rule that applies the estimate to the tensors it
/// covers.
/// </summary>
/// <param name="settings">The run's seed, its weights and the limit for coefficients.</param>
/// <param name="estimator">Determines where to evaluate, and what the losses say.</param>
/// <param name="rule">Determines what to do with the estimate.</param>
public sealed class EstimatorOptimizer(OptimizerSettings settings, Estimator estimator, UpdateRule rule) : Optimizer
{
    /// <summary>Bytes of state that the estimator and the rule keep together.</summary>
    public override long StateBytes => estimator.StateBytes + rule.StateBytes;

    internal override bool AveragesQueries => estimator.AveragesQueries;

    /// <summary>The estimator's scalar for the coefficients (<see cref="Estimator.ProjectedGradient"/>).</summary>
    public override double ProjectedGradient(StepRecord record) => estimator.ProjectedGradient(record.Coefficients);

    /// <summary>The estimator's numbers for a step (<see cref="Estimator.Diagnostics"/>).</summary>
    public override IReadOnlyList<(string Name, double Value)> Diagnostics(long step) => estimator.Diagnostics(step);

    /// <summary>The field from which stochastic rounding of 16-bit weights takes its bits in a step.</summary>
    internal static NoiseKey RoundingKey(ulong seed, long step) => new(seed, NoiseStream.StochasticRounding, (uint)step, 0);

    /// <inheritdoc/>
    protected override double[] Evaluate(long step, ILossOracle oracle, double learningRate)
    {
        estimator.Prepare(step, oracle.Sums);
        double[] losses = oracle.Losses(estimator.Plan(step));
        return settings.Clip(MeanOfEvaluated(losses, estimator.Combine(step, losses)));
    }

    // Where a step does without some queries, which it may if they are averaged: the mean of the others.
    private static double[] MeanOfEvaluated(double[] losses, double[] coefficients)
    {
        if (!Array.Exists(losses, StepRecord.IsNotEvaluated))
        {
            return coefficients;
        }

        int evaluated = 0;
        for (int q = 0; q < coefficients.Length; q++)
        {
            evaluated += StepRecord.IsNotEvaluated(losses[2 * q]) ? 0 : 1;
        }

        double[] mean = new double[coefficients.Length];
        for (int q = 0; q < mean.Length; q++)
        {
            mean[q] = StepRecord.IsNotEvaluated(losses[2 * q]) ? 0 : coefficients[q] * coefficients.Length / evaluated;
        }

        return mean;
    }

    internal override WeightUpdate? DeferUpdate(StepRecord record, IBackend backend)
    {
        if (!estimator.FollowsFromRecords || !rule.FollowsFromRecords)
        {
            return null;
        }

        estimator.Prepare(record.Step, backend);
        var change = Change(record);
        estimator.Learn(record, backend);
        return change with { Rule = rule.AsOfNow() };
    }

    /// <inheritdoc/>
    protected override void Update(StepRecord record, IBackend backend)
    {
        estimator.Prepare(record.Step, backend);
        var change = Change(record);
        backend.Update(change.Parameters, change.Estimate, rule, change.LearningRate, change.Rounding);
        estimator.Learn(record, backend);
    }

    private WeightUpdate Change(StepRecord record)
    {
        var directions = estimator.Directions(record.Step);
        record.RequireCoefficients(directions.Count);
        rule.Advance();
        var terms = new (double Coefficient, Direction Direction)[directions.Count];
        for (int i = 0; i < terms.Length; i++)
        {
            terms[i] = (record.Coefficients[i], directions[i]);
        }

        return new WeightUpdate(
            Covered(directions), new GradientEstimate(terms), rule, record.LearningRate, RoundingKey(settings.Seed, record.Step));
    }

    // The list of all trained tensors itself where directions cover them all, as they mostly do: the backend knows it again.
    private IReadOnlyList<Parameter> Covered(IReadOnlyList<Direction> directions)
    {
        var all = settings.Parameters.Trained;
        for (int i = 0; i < all.Count; i++)
        {
            if (!Covers(directions, all[i]))
            {
                return [.. all.Where(p => Covers(directions, p))];
            }
        }

        return all;
    }

    private static bool Covers(IReadOnlyList<Direction> directions, Parameter parameter)
    {
        for (int i = 0; i < directions.Count; i++)
        {
            if (directions[i].Covers(parameter))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        estimator.Dispose();
        rule.Dispose();
    }
}
