namespace IlZo.Clusters;

/// <summary>What workers say of their weights after some steps: those that have others than most must not go on.</summary>
/// <param name="self">This worker.</param>
internal sealed class Marks(ulong self)
{
    private readonly SortedDictionary<long, Dictionary<ulong, string>> _said = [];

    /// <summary>A worker says what its weights are after a step.</summary>
    public void Add(long step, ulong worker, string sha256)
    {
        if (!_said.TryGetValue(step, out var votes))
        {
            _said[step] = votes = [];
        }

        votes.TryAdd(worker, sha256);
    }

    /// <summary>Whether this worker's weights differ from those of at least as many others as agree with it.</summary>
    /// <param name="present">How many workers there are. A step is judged once so many have spoken, or once a later one has been marked
    /// here.</param>
    /// <returns>The step and both hashes; null where nothing is wrong.</returns>
    public (long Step, string Own, string Other)? Minority(int present)
    {
        while (_said.Count > 0)
        {
            var (step, votes) = _said.First();
            bool later = _said.Skip(1).Any(s => s.Value.ContainsKey(self));
            if (!votes.TryGetValue(self, out string? own))
            {
                if (!later)
                {
                    return null;
                }

                // From before this worker was there.
                _said.Remove(step);
                continue;
            }

            if (votes.Count < present && !later)
            {
                return null;
            }

            _said.Remove(step);
            int with = votes.Values.Count(v => v == own);
            if (votes.Values.Where(v => v != own).GroupBy(v => v).MaxBy(g => g.Count()) is { } others && others.Count() >= with)
            {
                return (step, own, others.Key);
            }
        }

        return null;
    }
}
