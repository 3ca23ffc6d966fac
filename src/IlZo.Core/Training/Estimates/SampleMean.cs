namespace IlZo.Training;

/// <summary>A mean over samples.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Error">Its standard error.</param>
internal readonly record struct SampleMean(double Value, double Error)
{
    /// <summary>The mean of too few samples.</summary>
    public static SampleMean Unknown { get; } = new(double.NaN, double.NaN);

    /// <summary>The mean of at least two samples.</summary>
    public static SampleMean Of(IReadOnlyCollection<double> samples)
    {
        double mean = samples.Average();
        double variance = samples.Sum(s => (s - mean) * (s - mean)) / (samples.Count - 1);
        return new SampleMean(mean, Math.Sqrt(variance / samples.Count));
    }

    /// <summary>The mean divided by a number.</summary>
    public SampleMean Over(double divisor) => new(Value / divisor, Error / Math.Abs(divisor));

    /// <summary>The mean divided by an independent one, to first order in the errors.</summary>
    public SampleMean Over(SampleMean divisor)
    {
        double value = Value / divisor.Value;
        double own = Error / divisor.Value;
        double others = value * divisor.Error / divisor.Value;
        return new SampleMean(value, Math.Sqrt((own * own) + (others * others)));
    }
}
