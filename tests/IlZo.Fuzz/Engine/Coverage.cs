using System.Numerics;
using System.Runtime.InteropServices;
using SharpFuzz.Common;

namespace IlZo.Fuzz.Engine;

/// <summary>
/// Which branches inputs took, as American Fuzzy Lop counts them: a cell for each pair of branches in succession, and of its count only
/// the magnitude.
/// </summary>
internal sealed unsafe class Coverage
{
    private const int Cells = 1 << 16;

    private static readonly byte* s_counts = (byte*)NativeMemory.AlignedAlloc(Cells, 64);

    private readonly byte[] _seen = new byte[Cells];

    /// <summary>Gives the instrumented code a place to count in, without which it must not run.</summary>
    public static void Attach() => Trace.SharedMem = s_counts;

    /// <summary>Pairs of branches that any input took.</summary>
    public int Edges { get; private set; }

    /// <summary>Starts to count for an input.</summary>
    public void Begin()
    {
        new Span<byte>(s_counts, Cells).Clear();
        Trace.PrevLocation = 0;
    }

    /// <summary>Adds what was counted and tells whether an input got where none had been, or with another magnitude.</summary>
    public bool End()
    {
        bool isNew = false;
        var counts = new ReadOnlySpan<byte>(s_counts, Cells);
        for (int at = counts.IndexOfAnyExcept((byte)0); at >= 0;)
        {
            byte magnitude = (byte)(1 << BitOperations.Log2(counts[at]));
            if ((_seen[at] & magnitude) == 0)
            {
                Edges += _seen[at] == 0 ? 1 : 0;
                _seen[at] |= magnitude;
                isNew = true;
            }

            int next = counts[(at + 1)..].IndexOfAnyExcept((byte)0);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return isNew;
    }
}
