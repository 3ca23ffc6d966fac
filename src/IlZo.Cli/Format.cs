using System.Globalization;
using IlZo.Training;

namespace IlZo.Cli;

/// <summary>Numbers for people.</summary>
internal static class Format
{
    /// <summary>An accuracy with its 95 % interval.</summary>
    public static string Accuracy(double accuracy, int examples) => Accuracy(new Evaluation(0, (int)Math.Round(accuracy * examples), examples));

    /// <summary>An accuracy with its 95 % interval.</summary>
    public static string Accuracy(Evaluation evaluation)
    {
        var (low, high) = evaluation.Interval;
        return Invariant($"{100 * evaluation.Accuracy:F1} % ({evaluation.Correct} of {evaluation.Total}; 95 % interval {100 * low:F1}-{100 * high:F1} %)");
    }

    /// <summary>A mean F1 with its 95 % interval.</summary>
    public static string F1(Evaluation evaluation)
    {
        var (low, high) = evaluation.F1Interval!.Value;
        return Invariant($"{100 * evaluation.F1!.Value:F1} % (95 % interval {100 * low:F1}-{100 * high:F1} %)");
    }

    /// <summary>The metric in short: accuracy, F1 and exact match of generated answers, or the perplexity of texts.</summary>
    public static string Metric(Evaluation evaluation) => evaluation.Perplexity is { } perplexity ? $"perplexity {Perplexity(perplexity)}"
        : evaluation.F1 is { } f1 ? Invariant($"F1 {100 * f1:F1} %, exact match {100 * evaluation.Accuracy:F1} %")
        : Invariant($"accuracy {100 * evaluation.Accuracy:F1} %");

    /// <summary>A perplexity to five digits.</summary>
    public static string Perplexity(double perplexity) => perplexity.ToString("G5", CultureInfo.InvariantCulture);

    public static string Bytes(double bytes) => bytes switch
    {
        < 1e6 => Invariant($"{bytes / 1e3:F1} kB"),
        < 1e9 => Invariant($"{bytes / 1e6:F1} MB"),
        _ => Invariant($"{bytes / 1e9:F2} GB"),
    };

    public static string Duration(double seconds)
    {
        var time = TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
        return time.TotalHours >= 1 ? Invariant($"{(int)time.TotalHours} h {time.Minutes} min")
            : time.TotalMinutes >= 1 ? Invariant($"{time.Minutes} min {time.Seconds} s")
            : Invariant($"{time.TotalSeconds:F1} s");
    }

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
