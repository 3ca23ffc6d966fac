using IlZo.Arithmetic;

namespace IlZo.Optimizers;

/// <summary>
/// Which fraction f of the blocks CurvZO perturbs: after every 20th step f ← clip(0.9 f + 0.1 raw, 0.1, 0.8) with
/// raw = 0.1 + 0.7 (0.7 d_eff/M + 0.3 (1 − H)), where for M scores v the effective support is d_eff = (Σ√v)² / Σv and H is the entropy
/// of v/Σv over ln M. That concentrated scores raise the budget by the second term looks odd, but is what the authors' code does.
/// </summary>
/// <param name="start">f at first.</param>
/// <param name="adapts">Whether f changes at all.</param>
internal sealed class PerturbationBudget(double start, bool adapts)
{
    private const int Interval = 20;

    /// <summary>f.</summary>
    public double Fraction { get; private set; } = start;

    /// <summary>Whether a step is one after which f may change.</summary>
    public static bool IsDue(long step) => step % Interval == 0;

    /// <summary>(d_eff, H) of scores.</summary>
    public static (double Support, double Entropy) Shape(IEnumerable<double> scores)
    {
        var (roots, sum, logs, count) = (0.0, 0.0, 0.0, 0L);
        foreach (double v in scores)
        {
            roots += Math.Sqrt(v);
            sum += v;
            logs += v > 0 ? v * ElementaryFunctions.Log(v) : 0;
            count++;
        }

        return Shape(roots, sum, logs, count);
    }

    /// <summary>The same from Σ√v, Σv, Σ v ln v and the number of scores.</summary>
    public static (double Support, double Entropy) Shape(double roots, double sum, double logs, long count) =>
        (roots * roots / sum, count > 1 ? (ElementaryFunctions.Log(sum) - (logs / sum)) / ElementaryFunctions.Log(count) : 1);

    /// <summary>Changes f, if it changes.</summary>
    /// <param name="support">d_eff / M.</param>
    /// <param name="entropy">H.</param>
    public void Adapt(double support, double entropy)
    {
        if (adapts)
        {
            double raw = 0.1 + (0.7 * ((0.7 * support) + (0.3 * (1 - entropy))));
            Fraction = Math.Clamp((0.9 * Fraction) + (0.1 * raw), 0.1, 0.8);
        }
    }
}
