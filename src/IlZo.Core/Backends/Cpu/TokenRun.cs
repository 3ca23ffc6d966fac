namespace IlZo.Backends.Cpu;

/// <summary>Tokens of a text at adjacent addresses: they lie in one panel.</summary>
/// <param name="Position">The position of the first one in its text.</param>
/// <param name="Token">Its place in the batch.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct TokenRun(int Position, int Token, int Count)
{
    /// <summary>For each segment the runs of its text as far as the batch holds it, from the beginning to the segment's end.</summary>
    public static TokenRun[][] Of(TokenBatch batch)
    {
        var texts = new TokenRun[batch.Segments.Count][];
        for (int s = 0; s < texts.Length; s++)
        {
            var segment = batch.Segments[s];
            var runs = new List<TokenRun>(segment.Parent >= 0 ? texts[segment.Parent] : []);
            for (int i = 0; i < segment.Length;)
            {
                int token = segment.Start + i;
                int count = Math.Min(segment.Length - i, Panel.Lanes - (token % Panel.Lanes));
                runs.Add(new TokenRun(segment.Prefix + i, token, count));
                i += count;
            }

            texts[s] = [.. runs];
        }

        return texts;
    }
}
