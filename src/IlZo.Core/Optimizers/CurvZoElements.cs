using IlZo.Backends;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;

namespace IlZo.Optimizers;

/// <summary>
/// CurvZO as its paper defines it, element by element: mᵢ ~ Bernoulli(πᵢ), v = m∘u, Δ = (L(θ + εv) − L(θ − εv)) / 2ε, ĝᵢ = Δ vᵢ/πᵢ with
/// πᵢ = min(1, κ√Sᵢ) and a running mean Sᵢ of Δ²uᵢ² over the steps on which the element was in. On a quadratic E[ĝ] = g and
/// E[ĝᵢ²] = ((3 − πᵢ)gᵢ² + Σⱼ πⱼgⱼ²)/πᵢ. A score's signal 3gᵢ² stands before a background Σⱼ πⱼgⱼ² that is about d times as large, so that only
/// <see cref="CurvZo"/>'s blocks can be told apart in large models; this is for study. πᵢ is a multiple of 2⁻¹⁶, so that a 16-bit
/// number decides exactly with it, and κ is found anew at every 20th step.
/// </summary>
/// <remarks>Cost: 2 forwards; 3 noise generations and as many of mask bits; 4 bytes for each weight.</remarks>
public sealed class CurvZoElements : Estimator
{
    private const double Beta = 0.1;
    private const int Levels = 1 << 16;
    private const int Bisections = 40;

    private readonly OptimizerSettings _settings;
    private readonly PerturbationBudget _budget;
    private readonly ParameterState _scores;
    private readonly double _floor;
    private double _kappa;
    private double _unit;

    /// <param name="settings">The radius and the directions; the options floor, budget and adapt.</param>
    public CurvZoElements(OptimizerSettings settings)
    {
        _settings = settings;
        _floor = settings.Options.Number("floor", 0.02, 0, 1);
        _budget = new PerturbationBudget(settings.Options.Number("budget", 0.4, 0, 1), settings.Options.Flag("adapt", standard: true));
        _scores = new ParameterState(settings.Parameters.Trained);

        // All scores are alike at first, whatever their value.
        _kappa = _budget.Fraction;
    }

    public override long StateBytes => _scores.ByteCount;

    public override IReadOnlyList<Probe> Plan(long step)
    {
        var direction = new Masked(this, step, weighted: false);
        return [new Probe(direction, _settings.Epsilon), new Probe(direction, -_settings.Epsilon)];
    }

    public override double[] Combine(long step, ReadOnlySpan<double> losses) => [(losses[0] - losses[1]) / (2 * _settings.Epsilon)];

    public override IReadOnlyList<Direction> Directions(long step) => [new Masked(this, step, weighted: true)];

    public override void Learn(StepRecord record, IBackend backend)
    {
        // The first Δ² is the unit of all scores, so that those of elements that were not in yet are of their order.
        double slope = record.Coefficients[0] * record.Coefficients[0];
        _unit = _unit == 0 ? slope : _unit;
        float square = _unit == 0 ? 0 : (float)(slope / _unit);
        var direction = new Masked(this, record.Step, weighted: false);
        ForEachSlice(backend, (slice, count, _) =>
        {
            Span<float> v = stackalloc float[RowSums.Slice];
            v = v[..count];
            direction.Fill(slice.Parameter, slice.Row, slice.Column, v);
            var scores = _scores.At(slice, count);
            for (int i = 0; i < v.Length; i++)
            {
                // Scores are kept as the excess over 1, the value all have at first.
                if (v[i] != 0)
                {
                    scores[i] += (float)Beta * ((square * v[i] * v[i]) - (scores[i] + 1));
                }
            }
        });
        if (PerturbationBudget.IsDue(record.Step))
        {
            Adapt(backend);
        }
    }

    /// <summary>πᵢ of a slice, in units of 2⁻¹⁶.</summary>
    internal void Probabilities(in WeightSlice slice, Span<int> levels)
    {
        var scores = _scores.At(slice, levels.Length);
        for (int i = 0; i < levels.Length; i++)
        {
            double p = _budget.Fraction >= 1 ? 1 : Math.Clamp(_kappa * Math.Sqrt(scores[i] + 1), _floor, 1);
            levels[i] = Math.Max(1, (int)Math.Ceiling(p * Levels));
        }
    }

    protected override void Dispose(bool disposing) => _scores.Dispose();

    // The budget from the shape of the scores, and κ with Σ πᵢ = f d.
    private void Adapt(IBackend backend)
    {
        long d = _settings.Parameters.TrainedCount;
        double roots = Total(backend, s => Math.Sqrt(s));
        double sum = Total(backend, s => s);
        var (support, entropy) = PerturbationBudget.Shape(roots, sum, Total(backend, s => s * Math.Log(s)), d);
        _budget.Adapt(support / d, entropy);
        double wanted = _budget.Fraction * d;
        double low = 0;
        double high = 2 * wanted / roots;
        while (Chosen(high) < wanted)
        {
            high *= 2;
        }

        for (int i = 0; i < Bisections; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Chosen(middle) < wanted ? (middle, high) : (low, middle);
        }

        _kappa = high;
        double Chosen(double kappa) => Total(backend, s => Math.Min(1, kappa * Math.Sqrt(s)));
    }

    // The sum of a function of the scores, in a fixed order; scores that became 0 count as a little.
    private double Total(IBackend backend, Func<double, double> f)
    {
        double[] sums = new double[RowBlock.Of(_settings.Parameters.Trained).Count];
        ForEachSlice(backend, (slice, count, block) =>
        {
            foreach (float s in _scores.At(slice, count))
            {
                sums[block] += f(Math.Max(s + 1.0, 1e-12));
            }
        });
        return sums.Sum();
    }

    private void ForEachSlice(IBackend backend, Action<WeightSlice, int, int> body)
    {
        var blocks = RowBlock.Of(_settings.Parameters.Trained);
        backend.Parallel(blocks.Count, i =>
        {
            var (parameter, first, rows) = blocks[i];
            for (int row = first; row < first + rows; row++)
            {
                for (int column = 0; column < parameter.Columns; column += RowSums.Slice)
                {
                    body(new WeightSlice(parameter, row, column), Math.Min(RowSums.Slice, parameter.Columns - column), i);
                }
            }
        });
    }

    private sealed class Masked(CurvZoElements estimator, long step, bool weighted) : Direction
    {
        private readonly Direction _inner = estimator._settings.Direction(step, 0);
        private readonly NoiseKey _mask = new(estimator._settings.Seed, NoiseStream.Mask, (uint)step, 0);

        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            _inner.Fill(parameter, row, column, destination);
            Span<ushort> bits = stackalloc ushort[NoiseField.Group];
            Span<int> levels = stackalloc int[NoiseField.Group];
            for (int start = 0; start < destination.Length; start += NoiseField.Group)
            {
                var part = destination.Slice(start, Math.Min(NoiseField.Group, destination.Length - start));
                NoiseField.FillBits(_mask, parameter.Id, NoiseField.GroupOf(row, column + start, parameter.Columns), bits[..part.Length]);
                estimator.Probabilities(new WeightSlice(parameter, row, column + start), levels[..part.Length]);
                for (int i = 0; i < part.Length; i++)
                {
                    float factor = bits[i] < levels[i] ? weighted ? (float)Levels / levels[i] : 1 : 0;
                    part[i] *= factor;
                }
            }
        }
    }
}
