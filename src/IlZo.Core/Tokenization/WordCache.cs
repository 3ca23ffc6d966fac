using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace IlZo.Tokenization;

/// <summary>Remembers the ids of short words. It stops taking new words when full; safe for use from many threads.</summary>
internal sealed class WordCache
{
    private const int LongestWord = 64;
    private const int MostWords = 1 << 16;

    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private int _count;

    public bool TryGet(string word, [NotNullWhen(true)] out int[]? ids)
    {
        ids = null;
        return word.Length <= LongestWord && _words.TryGetValue(word, out ids);
    }

    public void Add(string word, ReadOnlySpan<int> ids)
    {
        // The count may pass the limit by as many words as there are threads, which does no harm.
        if (word.Length <= LongestWord && Volatile.Read(ref _count) < MostWords && _words.TryAdd(word, ids.ToArray()))
        {
            Interlocked.Increment(ref _count);
        }
    }
}
