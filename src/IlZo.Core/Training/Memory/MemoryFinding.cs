namespace IlZo.Training;

/// <summary>How what a training will take compares with what there is.</summary>
public enum MemoryVerdict
{
    /// <summary>It fits.</summary>
    Fits,

    /// <summary>
    /// It takes more than nine tenths of what is free, so that it may be ended by the operating system or wait for its disk.
    /// </summary>
    Tight,

    /// <summary>
    /// It cannot be had: what is not in a file as it is, and so cannot be dropped and read again, is more than the machine has with its
    /// swap, or a limit allows.
    /// </summary>
    Exceeds,
}

/// <summary>What a training will take beside what there is for it.</summary>
/// <param name="Predicted">What it will take. The runtime's part is there already and is not asked for again.</param>
/// <param name="Limit">The limit that it comes closest to, or exceeds by most; null where none is known.</param>
/// <param name="Verdict">How the two compare.</param>
public sealed record MemoryFinding(TrainingMemory Predicted, MemoryLimit? Limit, MemoryVerdict Verdict)
{
    private const double Comfortable = 0.9;

    /// <summary>Compares a prediction with a machine.</summary>
    internal static MemoryFinding Of(TrainingMemory predicted, MachineMemory machine)
    {
        long all = predicted.Total - predicted.Runtime;
        var finding = new MemoryFinding(predicted, null, MemoryVerdict.Fits);
        foreach (var limit in machine.Limits.OrderBy(l => l.Free))
        {
            long kept = limit.CountsFiles ? all : all - predicted.InFile;
            var verdict = kept > limit.Most
                ? MemoryVerdict.Exceeds
                : all > Comfortable * limit.Free ? MemoryVerdict.Tight : MemoryVerdict.Fits;
            if (finding.Limit is null || verdict > finding.Verdict)
            {
                finding = new MemoryFinding(predicted, limit, verdict);
            }
        }

        return finding;
    }

    /// <summary>The numbers in a sentence without its end.</summary>
    public override string ToString() =>
        $"Training is predicted to take {Bytes(Predicted.Total)} (weights {Bytes(Predicted.Weights)}, optimizer {Bytes(Predicted.State)}, "
        + $"activations {Bytes(Predicted.Activations)} = {Predicted.Formula}, runtime {Bytes(Predicted.Runtime)})"
        + (Limit is null ? string.Empty : $"; {Limit.Name} is {Bytes(Limit.Free)}");

    /// <summary>Refuses what cannot be had.</summary>
    /// <exception cref="InvalidInputException">The memory exceeds a limit.</exception>
    internal void RequirePossible()
    {
        if (Verdict == MemoryVerdict.Exceeds)
        {
            throw new InvalidInputException(
                $"{this}: a smaller {Setting.BatchSize} or {Setting.MaxLength}, an adapter or a method that keeps less was expected, or "
                    + $"{Setting.Overcommit} to "
                    + "try all the same.");
        }
    }

    private static string Bytes(long bytes) => FormattableString.Invariant($"{bytes / 1e9:F2} GB");
}
