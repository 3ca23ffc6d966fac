using System.Runtime.InteropServices;
using IlZo.Ptx;
using IlZo.Ptx.Syntax;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>
/// A warp with shared memory from address 1024 on, filled with NaN, 4 KB if nothing else is said, and 4 KB of global memory.
/// </summary>
internal sealed unsafe class PtxRig : PtxGlobalMemory
{
    public const ulong GlobalBase = 1ul << 40;
    private const int Size = 4096;

    private readonly PtxFrame _frame = new();
    private readonly PtxMemory _memory;
    private readonly PtxWarp _warp;

    public PtxRig(int sharedBytes = Size, int threads = PtxWarp.Size, int firstThread = 0)
    {
        _memory = new PtxMemory(this, sharedBytes, Counts);
        _memory.SetSharedEnd(PtxMemory.Base + (uint)sharedBytes);
        _memory.Spoil();
        _warp = new PtxWarp(_memory);
        _warp.Grow(_frame);
        _warp.SetPlace(new PtxLaunch((7, 6, 5), threads, 0), (4, 3, 2), firstThread);
    }

    public PtxCounts Counts { get; } = new();

    public byte[] GlobalBytes { get; } = GC.AllocateArray<byte>(Size, pinned: true);

    public Span<byte> SharedBytes => _memory.SharedBytes;

    /// <summary>Executes a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="lanes">The lanes that execute it.</param>
    /// <param name="registers">The registers that it knows, and their values by lane.</param>
    /// <returns>The values of the registers by lane.</returns>
    public ulong[][] Run(string text, uint lanes, params IReadOnlyList<(string Name, PtxType Type, Func<int, ulong> Value)> registers)
    {
        var code = _frame.Link(PtxParser.Parse(text), [.. registers.Select(r => (r.Name, r.Type))]);
        _warp.Grow(_frame);
        for (int i = 0; i < registers.Count; i++)
        {
            for (int lane = 0; lane < PtxWarp.Size; lane++)
            {
                _warp[code.Parameters[i], lane] = registers[i].Value(lane);
            }
        }

        var run = new PtxRun(code, _warp, lanes);
        while (run.Continue())
        {
        }

        return [.. code.Parameters.Select(row => Enumerable.Range(0, PtxWarp.Size).Select(lane => _warp[row, lane]).ToArray())];
    }

    /// <summary>Executes an instruction in all lanes and gives what it leaves in d, of lane 0.</summary>
    /// <param name="opcode">The instruction, whose operands are d, a, b and c.</param>
    /// <param name="type">The type of d.</param>
    /// <param name="sources">The types of the others and their bits.</param>
    public static ulong Compute(string opcode, PtxType type, params IReadOnlyList<(PtxType Type, ulong Bits)> sources)
    {
        var registers = sources.Select((s, i) => (((char)('a' + i)).ToString(), s.Type, (Func<int, ulong>)(_ => s.Bits)));
        string operands = string.Join(", ", sources.Select((_, i) => (char)('a' + i)));
        return new PtxRig().Run($"{opcode} d, {operands};", PtxWarp.AllLanes, [("d", type, _ => 0), .. registers])[0][0];
    }

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    public static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public override byte* At(ulong address, int count) => address >= GlobalBase && address + (ulong)count <= GlobalBase + Size
        ? (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(GlobalBytes, (int)(address - GlobalBase))
        : throw new PtxException("outside of global memory");
}
