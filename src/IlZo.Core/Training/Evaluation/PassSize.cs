using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>How much goes through a model at a time.</summary>
/// <param name="Probes">Points that are evaluated.</param>
/// <param name="Tokens">Tokens at each.</param>
/// <param name="Outputs">Tokens of them whose successors, or outputs, are scored.</param>
/// <param name="Texts">Texts of the batch.</param>
internal readonly record struct PassSize(int Probes, long Tokens, long Outputs, int Texts)
{
    // Batches that are looked at: what far longer runs meet is hardly larger.
    private const int MostSteps = 20_000;

    /// <summary>
    /// The largest of the passes of a run, of its steps or its evaluations. What texts share is counted for each of them.
    /// </summary>
    public static PassSize Largest(TrainingOptions options, TrainingExamples examples)
    {
        bool correctOnly = examples.Objective == TaskObjective.LanguageModel
            && TrainingOptions.ParseObjective(options.Objective) is null;
        var largest = new PassSize(1, 1, 1, 1);
        if (examples.Train.Count > 0 && options.Steps > 0)
        {
            largest = Larger(largest, OfStep(options, [.. examples.Train.Select(e => SizeOf(e, correctOnly))]));
        }

        foreach (var batch in EvaluationBatches.Of([.. examples.Dev, .. examples.Test], LossEvaluator.EvaluationTokens))
        {
            var (tokens, outputs) = (0L, 0L);
            foreach (var example in batch)
            {
                var size = SizeOf(example, correctOnly: false);
                tokens += size.Tokens;
                outputs += size.Outputs;
            }

            // What the batch shares makes it no larger than the limit, unless it is a single text.
            largest = Larger(largest, new PassSize(
                1, batch.Count > 1 ? Math.Min(tokens, LossEvaluator.EvaluationTokens) : tokens, outputs, batch.Count));
        }

        return largest;
    }

    private static PassSize OfStep(TrainingOptions options, (long Tokens, long Outputs)[] sizes)
    {
        int batchSize = options.BatchSize ?? Presets.Of(options).BatchSize;

        // A batch of as many texts as there are, or more, is all of them so many times.
        if (batchSize >= sizes.Length)
        {
            long times = (batchSize + (sizes.Length - 1L)) / sizes.Length;
            return new PassSize(
                LossEvaluator.PointsPerPass, times * sizes.Sum(s => s.Tokens), times * sizes.Sum(s => s.Outputs), batchSize);
        }

        var largest = new PassSize(LossEvaluator.PointsPerPass, 0, 0, batchSize);
        var order = new DataOrder(options.Seed, sizes.Length, batchSize);
        for (int step = 1; step <= Math.Min(options.Steps, MostSteps); step++)
        {
            int[] batch = order.Batch(step);
            largest = Larger(
                largest, largest with { Tokens = batch.Sum(i => sizes[i].Tokens), Outputs = batch.Sum(i => sizes[i].Outputs) });
        }

        return largest;
    }

    private static PassSize Larger(PassSize a, PassSize b) => b.Probes * b.Tokens > a.Probes * a.Tokens ? b : a;

    private static (long Tokens, long Outputs) SizeOf(EncodedExample example, bool correctOnly) => correctOnly
        ? (example.CorrectCandidate.Tokens.Length - 1, example.CorrectCandidate.OptionLength)
        : (EvaluationBatches.TokensOf(example), example.Candidates.Sum(c => (long)c.OptionLength));
}
