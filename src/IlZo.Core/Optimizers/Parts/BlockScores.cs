namespace IlZo.Optimizers;

/// <summary>What CurvZO learns about blocks: how much each is worth being perturbed.</summary>
internal abstract class BlockScores
{
    /// <summary>The share of the newest observation in every running mean.</summary>
    private protected const double Beta = 0.1;

    /// <summary>A positive weight for each block, to which its probability of being chosen is proportional.</summary>
    public abstract double[] SamplingWeights();

    /// <summary>The scores from which the budget follows.</summary>
    public abstract double[] BudgetScores();

    /// <summary>Takes in a step.</summary>
    /// <param name="slope">Δ, the difference quotient.</param>
    /// <param name="chosen">Which blocks were perturbed.</param>
    /// <param name="squares">‖z_b‖² of the chosen blocks.</param>
    /// <param name="probabilities">π_b.</param>
    public abstract void Learn(double slope, bool[] chosen, double[] squares, double[] probabilities);
}

/// <summary>
/// The scores of the authors' code, as a third-party port of it has them: s_b ← 0.9 s_b + 0.1 · |Δ|/e · share_b for chosen blocks, with
/// e the running mean of |Δ| and share_b the part of ‖z_b‖²/π_b² in the sum over chosen blocks. They are of first order in Δ, and
/// sampling is proportional to s_b itself.
/// </summary>
/// <param name="count">Blocks.</param>
internal sealed class CodeScores(int count) : BlockScores
{
    private readonly double[] _s = [.. Enumerable.Repeat(0.01, count)];
    private double _e = 1e-8;

    public override double[] SamplingWeights() => [.. _s.Select(s => Math.Max(s, 1e-12))];

    public override double[] BudgetScores() => _s;

    public override void Learn(double slope, bool[] chosen, double[] squares, double[] probabilities)
    {
        _e = ((1 - Beta) * _e) + (Beta * Math.Abs(slope));
        double scale = Math.Abs(slope) / (_e + 1e-12);
        double[] energy = [.. squares.Select((s, b) => chosen[b] ? s / (probabilities[b] * probabilities[b]) : 0)];
        double sum = energy.Sum();
        for (int b = 0; b < chosen.Length; b++)
        {
            if (chosen[b])
            {
                _s[b] = ((1 - Beta) * _s[b]) + (Beta * scale * energy[b] / sum);
            }
        }
    }
}

/// <summary>
/// Scores as the paper's formulas have them: a running mean of Δ²‖z_b‖²/N_b over the steps on which the block was chosen, bias-corrected,
/// which tends to S₋ + (1 + 2/N_b)‖g_b‖² with S₋ = Σ_{c≠b} π_c‖g_c‖². For a budget that counts tensors the best probabilities are
/// proportional to √(N_b · score_b). Debiased, the mean of Δ² over the steps on which the block was not chosen, which tends to S₋, is taken
/// off, and probabilities are proportional to the root of what is left, (1 + 2/N_b)‖g_b‖², but for a hundredth of the mean score.
/// </summary>
/// <param name="sizes">N_b.</param>
/// <param name="debiased">Whether the background is taken off.</param>
internal sealed class CurvatureScores(IReadOnlyList<long> sizes, bool debiased) : BlockScores
{
    private const double Least = 0.01;
    private readonly RunningMean[] _in = new RunningMean[sizes.Count];
    private readonly RunningMean[] _out = new RunningMean[sizes.Count];

    public override double[] SamplingWeights() =>
        [.. BudgetScores().Select((s, b) => Math.Sqrt(debiased ? s : s * sizes[b]))];

    public override double[] BudgetScores()
    {
        // A block that was never chosen counts as an average one.
        double mean = _in.Any(m => m.IsKnown) ? _in.Where(m => m.IsKnown).Average(m => m.Value) : 1;
        mean = mean > 0 ? mean : 1;
        return [.. Enumerable.Range(0, sizes.Count).Select(b => Math.Max(Least, Score(b, mean) / mean))];
    }

    /// <summary>The score of a block, where it is known, before it is limited.</summary>
    internal double Raw(int block) => _in[block].Value - (debiased ? _out[block].Value : 0);

    public override void Learn(double slope, bool[] chosen, double[] squares, double[] probabilities)
    {
        for (int b = 0; b < chosen.Length; b++)
        {
            if (chosen[b])
            {
                _in[b].Add(slope * slope * squares[b] / sizes[b]);
            }
            else
            {
                _out[b].Add(slope * slope);
            }
        }
    }

    private double Score(int block, double mean) =>
        !_in[block].IsKnown ? mean : debiased && !_out[block].IsKnown ? _in[block].Value : Raw(block);

    // An exponential mean that is corrected for its start.
    private struct RunningMean
    {
        private double _sum;
        private double _weight;

        public readonly bool IsKnown => _weight > 0;

        public readonly double Value => IsKnown ? _sum / _weight : 0;

        public void Add(double value)
        {
            _sum += Beta * (value - _sum);
            _weight += Beta * (1 - _weight);
        }
    }
}
