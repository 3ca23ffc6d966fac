using IlZo.Ptx.Instructions;

namespace IlZo.Ptx;

/// <summary>
/// What warps have executed: instructions, and loads from shared memory with the cycles that its banks take for them. Each of 32 banks
/// gives a word of four bytes in a cycle, to all lanes that ask for that word; lanes that ask for 8 or 16 bytes come in halves or quarters
/// of a warp.
/// </summary>
public sealed class PtxCounts
{
    private const int Banks = 32;
    private const int WordBytes = 4;

    private readonly HashSet<ulong> _words = [];
    private readonly int[] _wordsOfBank = new int[Banks];

    /// <summary>Instructions of warps, without moves between registers, which an assembler removes.</summary>
    public long Instructions { get; internal set; }

    /// <summary>The cycles of the banks for loads from shared memory.</summary>
    public long SharedCycles { get; private set; }

    /// <summary>The cycles if no two lanes asked a bank for different words.</summary>
    public long LeastSharedCycles { get; private set; }

    internal void CountSharedLoad(PtxWarp warp, Address address, uint lanes, int bytes)
    {
        int parts = Math.Max(1, bytes / WordBytes);
        for (int part = 0; part < parts; part++)
        {
            uint own = lanes & (uint)(((1UL << (PtxWarp.Size / parts)) - 1) << (PtxWarp.Size / parts * part));
            SharedCycles += Cycles(warp, address, own, bytes);
            LeastSharedCycles += own == 0 ? 0 : 1;
        }
    }

    private int Cycles(PtxWarp warp, Address address, uint lanes, int bytes)
    {
        _words.Clear();
        Array.Clear(_wordsOfBank);
        foreach (int lane in new Lanes(lanes))
        {
            ulong first = address.Of(warp, lane);
            for (int i = 0; i < bytes; i += WordBytes)
            {
                ulong word = (first + (ulong)i) / WordBytes;
                if (_words.Add(word))
                {
                    _wordsOfBank[word % Banks]++;
                }
            }
        }

        return _wordsOfBank.Max();
    }
}
