using System.Collections;

namespace IlZo.Backends;

/// <summary>Positions plus a number: a view, since a pass makes no lists as long as its batch.</summary>
/// <param name="positions">The positions.</param>
/// <param name="shift">What is added to each.</param>
internal sealed class ShiftedPositions(IReadOnlyList<int> positions, int shift) : IReadOnlyList<int>
{
    public int Count => positions.Count;

    public int this[int index] => positions[index] + shift;

    public IEnumerator<int> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
