namespace IlZo.Clusters;

/// <summary>
/// Who does what of a piece of work. The plan is a function of the work and of who is there; workers that see others differently do
/// something twice or leave something to whoever misses it first, and lose time by that, nothing else.
/// </summary>
internal static class WorkPlan
{
    /// <summary>
    /// Tokens that a worker must have for reading the weights with noise to be worth it, 100 at each point of a pair: below, probes are
    /// divided instead of examples.
    /// From the cost of a weight (0.9 ns for noise, packing and update) and of a token (4 operations a weight at 4.6e11 a second, on two
    /// cores of a server): docs/cluster.md.
    /// </summary>
    public const int LeastTokens = 200;

    /// <summary>What one of several workers does.</summary>
    /// <param name="passes">Passes.</param>
    /// <param name="weights">The weight of each item, in tokens.</param>
    /// <param name="split">How work is divided.</param>
    /// <param name="rank">The worker, from 0.</param>
    /// <param name="shares">How much each worker does, relative to another.</param>
    public static IReadOnlyList<WorkPart> Of(
        int passes, IReadOnlyList<long> weights, WorkSplit split, int rank, IReadOnlyList<double> shares)
    {
        int workers = shares.Count;
        if (ByExamples(passes, weights, split, workers))
        {
            var (first, end) = Slice(weights, rank, shares);
            return end > first ? [.. Enumerable.Range(0, passes).Select(pass => new WorkPart(pass, first, end - first))] : [];
        }

        // Where there are fewer passes than workers, a pass is divided too.
        int items = weights.Count;
        long[] cells = new long[checked(passes * items)];
        for (int c = 0; c < cells.Length; c++)
        {
            cells[c] = weights[c % items];
        }

        var (from, to) = split == WorkSplit.Queries || passes >= workers
            ? Whole(Slice(Enumerable.Repeat(1L, passes).ToArray(), rank, shares), items)
            : Slice(cells, rank, shares);
        var parts = new List<WorkPart>();
        while (from < to)
        {
            int count = Math.Min(items - (from % items), to - from);
            parts.Add(new WorkPart(from / items, from % items, count));
            from += count;
        }

        return parts;
    }

    private static bool ByExamples(int passes, IReadOnlyList<long> weights, WorkSplit split, int workers) => split switch
    {
        WorkSplit.Examples => weights.Count >= workers || passes == 1,
        WorkSplit.Queries => false,
        _ => passes < workers ? weights.Count >= workers : weights.Sum() / workers >= LeastTokens && weights.Count >= workers,
    };

    // The units whose middles lie in a worker's share of the whole weight.
    private static (int First, int End) Slice(IReadOnlyList<long> weights, int rank, IReadOnlyList<double> shares)
    {
        double total = weights.Sum(w => (double)Math.Max(1, w)) / shares.Sum();
        double before = 0;
        var (owner, end) = (0, shares[0] * total);
        var (from, to) = (weights.Count, weights.Count);
        for (int u = 0; u < weights.Count; u++)
        {
            double weight = Math.Max(1, weights[u]);
            while (before + (weight / 2) >= end && owner < shares.Count - 1)
            {
                end += shares[++owner] * total;
            }

            if (owner >= rank && from == weights.Count)
            {
                from = u;
            }

            if (owner > rank)
            {
                to = u;
                break;
            }

            before += weight;
        }

        return (Math.Min(from, to), to);
    }

    private static (int From, int To) Whole((int First, int End) passes, int items) => (passes.First * items, passes.End * items);
}
