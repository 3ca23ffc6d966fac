using System.Buffers;

namespace IlZo.Tokenization;

/// <summary>
/// The merge rules of a byte-pair encoding: which two neighbouring symbols become which symbol, and in what order.
/// The rule of the smallest rank goes first, at its leftmost place; rules may share a rank (SentencePiece pieces of equal
/// score). n symbols take O(n log n) time.
/// </summary>
internal sealed class BpeMerges
{
    private readonly Dictionary<ulong, (int Rank, int Result)> _rules = [];

    /// <summary>Sets the rule for a pair; a later rule for the same pair replaces the earlier one.</summary>
    public void Set(int left, int right, int rank, int result) => _rules[Key(left, right)] = (rank, result);

    /// <summary>Merges symbols in place; the result is the first so many of them.</summary>
    public int Apply(Span<int> symbols)
    {
        const int gone = -1;
        int n = symbols.Length;
        if (n < 2)
        {
            return n;
        }

        int[] links = ArrayPool<int>.Shared.Rent(2 * n);
        var heap = new KeyHeap(n);
        try
        {
            Span<int> next = links.AsSpan(0, n);
            Span<int> previous = links.AsSpan(n, n);
            for (int i = 0; i < n; i++)
            {
                next[i] = i + 1;
                previous[i] = i - 1;
                Offer(symbols, i, i + 1, ref heap);
            }

            while (heap.TryPop(out ulong key))
            {
                // An entry is stale when its symbols have changed since; then the pair there has another rank or none.
                int at = (int)(uint)key;
                int right = next[at];
                if (symbols[at] == gone || right >= n
                    || !_rules.TryGetValue(Key(symbols[at], symbols[right]), out (int Rank, int Result) rule)
                    || rule.Rank != (int)(key >> 32))
                {
                    continue;
                }

                symbols[at] = rule.Result;
                symbols[right] = gone;
                int after = next[right];
                next[at] = after;
                if (after < n)
                {
                    previous[after] = at;
                    Offer(symbols, at, after, ref heap);
                }

                if (previous[at] >= 0)
                {
                    Offer(symbols, previous[at], at, ref heap);
                }
            }

            int count = 0;
            for (int i = 0; i < n; i = next[i])
            {
                symbols[count++] = symbols[i];
            }

            return count;
        }
        finally
        {
            heap.Release();
            ArrayPool<int>.Shared.Return(links);
        }
    }

    /// <summary>
    /// One number for a pair. A long hashes to its halves' exclusive or, which is 0 for every pair of equal symbols; the
    /// product with an odd number (2^64 divided by the golden ratio) is as unique and spreads.
    /// </summary>
    private static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15;

    private void Offer(Span<int> symbols, int left, int right, ref KeyHeap heap)
    {
        if (right < symbols.Length && _rules.TryGetValue(Key(symbols[left], symbols[right]), out (int Rank, int Result) rule))
        {
            heap.Push(((ulong)(uint)rule.Rank << 32) | (uint)left);
        }
    }
}
