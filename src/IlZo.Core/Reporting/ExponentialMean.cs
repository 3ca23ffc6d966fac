namespace IlZo.Reporting;

/// <summary>
/// A mean that forgets: the weights of the values seen so far sum up to one, so that it starts at the first value and not at 0.
/// </summary>
/// <param name="share">The weight of the newest value, in the end.</param>
internal sealed class ExponentialMean(double share)
{
    private double _sum;
    private double _weight;

    /// <summary>The mean; not a number before the first value.</summary>
    public double Value => _weight > 0 ? _sum / _weight : double.NaN;

    /// <summary>Takes in a value, unless it is not finite.</summary>
    public void Add(double value)
    {
        if (double.IsFinite(value))
        {
            _weight += share * (1 - _weight);
            _sum += share * (value - _sum);
        }
    }
}
