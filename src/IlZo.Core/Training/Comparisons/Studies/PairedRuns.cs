namespace IlZo.Training;

/// <summary>A method's runs on a task beside those of the baseline, with one of each for every seed that both have.</summary>
/// <param name="Setting">The method's rate and radius.</param>
/// <param name="Own">Its runs.</param>
/// <param name="Other">The baseline's, in the same order.</param>
/// <param name="IsBaseline">Whether the method is the baseline.</param>
internal sealed record PairedRuns(FrozenSetting Setting, IReadOnlyList<TrialRun> Own, IReadOnlyList<TrialRun> Other, bool IsBaseline)
{
    /// <summary>The pairs at the best rate and radius of both.</summary>
    public static PairedRuns Of(ComparedMethod method, ComparedMethod baseline)
    {
        var pairs = method.Best.Join(baseline.Best, r => r.Seed, r => r.Seed, (own, other) => (Own: own, Other: other)).ToArray();
        return new PairedRuns(
            new FrozenSetting(method.BestLearningRate, method.BestEpsilon, method.Edge),
            [.. pairs.Select(p => p.Own)], [.. pairs.Select(p => p.Other)], method == baseline);
    }

    /// <summary>
    /// The logarithm of the passes to a loss, where a run that never got there counts with all of its passes: it would have taken more, so
    /// that a ratio of which one side is such a run is nearer to 1 than the true one.
    /// </summary>
    public static double LogPasses(TrialRun run, double target) => Math.Log(Math.Max(1, run.ForwardPassesTo(target) ?? run.ForwardPasses));

    /// <summary>The mean log ratio of the passes to a loss; null for fewer than two seeds.</summary>
    public MeanEstimate? LogRatio(double target) =>
        MeanEstimate.Of([.. Own.Zip(Other).Select(p => LogPasses(p.First, target) - LogPasses(p.Second, target))]);

    /// <summary>The mean difference of what a run came to; null where no seed has it of both.</summary>
    public PairedDifference? DifferenceOf(Func<TrialRun, double?> value) => PairedDifference.Of(
        Own.Zip(Other).Select(p => (value(p.First) ?? double.NaN, value(p.Second) ?? double.NaN)));
}
