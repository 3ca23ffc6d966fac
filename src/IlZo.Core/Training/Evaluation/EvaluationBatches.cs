using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// Groups examples into batches of a limited number of tokens, where what all examples of a batch begin with counts once.
/// </summary>
internal static class EvaluationBatches
{
    /// <summary>Consecutive examples; a batch has more tokens than the limit only where a single example has.</summary>
    /// <param name="examples">Examples of which all candidates are scored.</param>
    /// <param name="tokens">The limit.</param>
    public static IEnumerable<IReadOnlyList<EncodedExample>> Of(IReadOnlyList<EncodedExample> examples, int tokens)
    {
        var batch = new List<EncodedExample>();
        int shared = 0;
        long size = 0;
        foreach (var example in examples)
        {
            int prompt = PromptOf(example);
            long own = TokensOf(example);
            int common = batch.Count == 0 ? prompt : SharedWith(batch[0], example, Math.Min(shared, prompt));

            // Every example that was counted with a longer common beginning has the difference as tokens of its own.
            long grown = batch.Count == 0 ? own : size + ((long)(batch.Count - 1) * (shared - common)) + (own - common);
            if (batch.Count > 0 && grown > tokens)
            {
                yield return batch;
                batch = [];
                (common, grown) = (prompt, own);
            }

            batch.Add(example);
            (shared, size) = (common, grown);
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    /// <summary>Tokens of an example that go through the model when all its candidates are scored.</summary>
    public static long TokensOf(EncodedExample example)
    {
        int prompt = PromptOf(example);
        return IsWhole(example)
            ? example.Candidates[0].Tokens.Length
            : prompt + example.Candidates.Sum(c => (long)c.Tokens.Length - 1 - prompt);
    }

    // Where candidates are outputs of a token, the whole text is there once and shares nothing.
    private static bool IsWhole(EncodedExample example) => example.Candidates[0].Reading is not null;

    private static int PromptOf(EncodedExample example) => IsWhole(example) ? 0 : ScoringBatch.CommonPrefix(example.Candidates);

    private static int SharedWith(EncodedExample first, EncodedExample other, int limit) =>
        first.Candidates[0].Tokens.AsSpan(0, limit).CommonPrefixLength(other.Candidates[0].Tokens);
}
