using IlZo.Training;

namespace IlZo.Clusters;

/// <summary>The values of a piece of work, as they come in: the first one of each counts.</summary>
/// <typeparam name="T">The values.</typeparam>
/// <param name="work">The work.</param>
/// <param name="needed">Passes that are waited for, whichever come first.</param>
internal sealed class RoundValues<T>(ISharedWork<T> work, int needed)
{
    private readonly T[][] _values = [.. Enumerable.Range(0, work.Passes).Select(_ => new T[work.Items])];
    private readonly bool[][] _known = [.. Enumerable.Range(0, work.Passes).Select(_ => new bool[work.Items])];
    private readonly int[] _missing = [.. Enumerable.Repeat(work.Items, work.Passes)];
    private int _complete;

    /// <summary>Whether the values of enough passes are there.</summary>
    public bool IsComplete => _complete >= needed;

    /// <summary>The values, [pass][item]; none of passes that are not complete.</summary>
    public T[][] All => [.. _values.Select((values, pass) => _missing[pass] == 0 ? values : [])];

    /// <summary>Takes values that were computed here.</summary>
    public void Take(WorkPart part, IReadOnlyList<T> values)
    {
        for (int i = 0; i < part.Count; i++)
        {
            Take(part.Pass, part.First + i, values[i]);
        }
    }

    /// <summary>Takes values from elsewhere.</summary>
    /// <returns>False where they are none of this work; nothing is taken then.</returns>
    public bool TryTake(ValuesBody body)
    {
        if (body.Pass >= work.Passes || body.First > work.Items - body.Values.Count)
        {
            return false;
        }

        var values = new T[body.Values.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (!work.TryDecode(body.Pass, body.First + i, body.Values[i].Span, out var value))
            {
                return false;
            }

            values[i] = value;
        }

        Take(new WorkPart(body.Pass, body.First, values.Length), values);
        return true;
    }

    /// <summary>The first of a part's items that are missing, as many as are worth computing together.</summary>
    /// <returns>Null where nothing of it is missing.</returns>
    public WorkPart? MissingOf(WorkPart part)
    {
        bool[] known = _known[part.Pass];
        int first = part.First;
        int end = part.First + part.Count;
        while (first < end && known[first])
        {
            first++;
        }

        long tokens = 0;
        int count = 0;
        while (first + count < end && !known[first + count] && (count == 0 || tokens + work.Weight(first + count) <= work.TokensAtATime))
        {
            tokens += work.Weight(first + count);
            count++;
        }

        return count > 0 ? new WorkPart(part.Pass, first, count) : null;
    }

    private void Take(int pass, int item, T value)
    {
        if (!_known[pass][item])
        {
            _values[pass][item] = value;
            _known[pass][item] = true;
            _complete += --_missing[pass] == 0 ? 1 : 0;
        }
    }
}
