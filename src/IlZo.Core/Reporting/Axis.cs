namespace IlZo.Reporting;

/// <summary>An axis of a chart: where values lie on it, and which of them are labelled.</summary>
/// <param name="From">The value at its beginning.</param>
/// <param name="To">The value at its end, which is above it.</param>
/// <param name="Ticks">The labelled values, in rising order.</param>
internal abstract record Axis(double From, double To, IReadOnlyList<double> Ticks)
{
    private const int TickCount = 6;

    // Values that lie closer together than this, relative to their size, are drawn as one.
    private const double Resolution = 1e-9;

    private const double Roomier = 1.2;

    // Differences of what is larger overflow.
    private const double Largest = 1e300;
    private const double Smallest = 1e-300;

    /// <summary>Where a value lies: 0 at the beginning and 1 at the end.</summary>
    public abstract double Share(double value);

    /// <summary>An axis whose ends are multiples of a round step. Where all values are one, it begins or ends at 0.</summary>
    public static Axis Linear(double low, double high)
    {
        var (from, to, step) = Rounded(low, high);
        double first = Math.Floor((from / step) + Resolution) * step;
        double last = Math.Max(Math.Ceiling((to / step) - Resolution) * step, first + step);
        return new LinearAxis(first, last, Multiples(first, last, step));
    }

    /// <summary>An axis that ends where the values do.</summary>
    public static Axis Tight(double low, double high)
    {
        var (from, to, step) = Rounded(low, high);
        return new LinearAxis(from, to, Multiples(from, to, step));
    }

    /// <summary>A logarithmic axis; both values are positive.</summary>
    public static Axis Logarithmic(double low, double high)
    {
        int first = (int)Math.Floor(Math.Log10(Math.Clamp(low, Smallest, Largest)));
        int last = (int)Math.Ceiling(Math.Log10(Math.Clamp(high, Smallest, Largest)));
        double[] marks = [.. from power in Enumerable.Range(first, last - first + 1)
                          from digit in (double[])[1, 2, 5]
                          select digit * Math.Pow(10, power)];
        int from = Math.Clamp(Array.FindLastIndex(marks, m => m <= low * (1 + Resolution)), 0, marks.Length - 2);
        int to = Array.FindIndex(marks, from + 1, m => m >= high * (1 - Resolution));
        double[] within = marks[from..((to < 0 ? marks.Length - 1 : to) + 1)];
        double[] ticks = within;
        if (ticks.Length > TickCount)
        {
            double[] powers = [.. Enumerable.Range(first, last - first + 1).Select(p => Math.Pow(10, p)).Where(
                p => p >= within[0] && p <= within[^1])];
            int stride = (powers.Length / TickCount) + 1;
            ticks = [.. powers.Where((_, i) => i % stride == 0)];
        }

        return new LogarithmicAxis(within[0], within[^1], ticks);
    }

    private static (double From, double To, double Step) Rounded(double low, double high)
    {
        (low, high) = (Math.Clamp(low, -Largest, Largest), Math.Clamp(high, -Largest, Largest));
        double size = Math.Max(Math.Abs(low), Math.Abs(high));
        if (high - low <= Resolution * size)
        {
            // One value, which does not lie on the edge then.
            (low, high) = size < Smallest ? (0, 1) : (Math.Min(0, Roomier * low), Math.Max(0, Roomier * high));
        }

        double rough = (high - low) / TickCount;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (low, high, power * ((double[])[1, 2, 5, 10]).First(m => m * power >= rough * (1 - Resolution)));
    }

    private static double[] Multiples(double from, double to, double step)
    {
        double first = Math.Ceiling((from / step) - Resolution);
        int count = (int)Math.Floor((to / step) - first + 1e-6) + 1;
        return [.. Enumerable.Range(0, count).Select(i => (first + i) * step)];
    }

    private sealed record LinearAxis(double From, double To, IReadOnlyList<double> Ticks) : Axis(From, To, Ticks)
    {
        public override double Share(double value) => (value - From) / (To - From);
    }

    private sealed record LogarithmicAxis(double From, double To, IReadOnlyList<double> Ticks) : Axis(From, To, Ticks)
    {
        public override double Share(double value) => (Math.Log(value) - Math.Log(From)) / (Math.Log(To) - Math.Log(From));
    }
}
