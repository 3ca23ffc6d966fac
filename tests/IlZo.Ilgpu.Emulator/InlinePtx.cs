using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using IlZo.Ptx;
using IlZo.Ptx.Syntax;
using ILGPU.Runtime;

namespace ILGPU;

/// <summary>An operand of inline PTX.</summary>
/// <param name="Type">The type of its register.</param>
/// <param name="Bits">Its bits, with zeros above them.</param>
internal readonly record struct InlineOperand(PtxType Type, ulong Bits);

/// <summary>
/// The inline PTX of one launch. What a text declares outside of braces stays for the texts that follow, as in the kernel that ILGPU would make of them. A text with
/// an instruction of the whole warp is executed when all 32 threads have come to it, any other one at once.
/// </summary>
/// <param name="memory">What its threads reach.</param>
/// <param name="config">Its size.</param>
internal sealed partial class InlinePtx(PtxMemory memory, KernelConfig config)
{
    private static readonly ConcurrentDictionary<string, IReadOnlyList<PtxStatement>> s_parsed = new();

    private readonly Dictionary<(string Text, UInt128 Types), PtxCode> _codes = [];
    private readonly PtxFrame _frame = new(PtxMemory.Base + (uint)config.SharedMemoryConfig.ArraySize);
    private readonly PtxLaunch _launch = new((config.GridDim.X, config.GridDim.Y, config.GridDim.Z), config.GroupDim.X, config.SharedMemoryConfig.ArraySize);
    private readonly PtxWarp?[] _warps = new PtxWarp?[(config.GroupDim.X + PtxWarp.Size - 1) / PtxWarp.Size];

    /// <summary>Gives a group registers that hold nothing useful.</summary>
    public void BeginGroup() => Array.Clear(_warps);

    /// <summary>Executes a text in the thread that calls.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="text">Statements, with operands as %0, %1, ….</param>
    /// <param name="operands">Their values, which may change.</param>
    public void Execute(KernelThread thread, string text, Span<InlineOperand> operands)
    {
        try
        {
            var code = Find(text, operands);
            int lane = thread.Index % PtxWarp.Size;
            var warp = Warp(thread);
            for (int i = 0; i < operands.Length; i++)
            {
                warp[code.Parameters[i], lane] = operands[i].Bits;
            }

            if (code.IsWarpWide)
            {
                thread.Group.WaitForWarp(thread.Index, text, () => Run(thread, code, warp, PtxWarp.AllLanes));
            }
            else
            {
                Run(thread, code, warp, 1u << lane);
            }

            for (int i = 0; i < operands.Length; i++)
            {
                operands[i] = operands[i] with { Bits = warp[code.Parameters[i], lane] };
            }
        }
        catch (PtxException e)
        {
            throw new KernelException(e.Message);
        }
    }

    private static void Run(KernelThread thread, PtxCode code, PtxWarp warp, uint lanes)
    {
        var run = new PtxRun(code, warp, lanes);
        while (run.Continue())
        {
            if (code.IsWarpWide)
            {
                throw new KernelException("A text has both a barrier and an instruction of the whole warp.");
            }

            thread.Group.WaitForGroup(thread.Index);
        }
    }

    // ILGPU makes %0 the register of an operand and %% a percent sign.
    private static IReadOnlyList<PtxStatement> Parse(string text) => PtxParser.Parse(Percent().Replace(text, match => match.Value switch
    {
        "%%" => "%",
        "%" => throw new KernelException($"'{text}' has a single percent sign; a register such as %laneid is written %%laneid."),
        _ => "$" + match.Value[1..],
    }));

    [GeneratedRegex(@"%%|%\d+|%")]
    private static partial Regex Percent();

    private PtxCode Find(string text, ReadOnlySpan<InlineOperand> operands)
    {
        UInt128 types = 0;
        foreach (var operand in operands)
        {
            types = (types << 5) | (uint)operand.Type;
        }

        if (!_codes.TryGetValue((text, types), out var code))
        {
            var parameters = new (string, PtxType)[operands.Length];
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i] = ($"${i}", operands[i].Type);
            }

            _codes[(text, types)] = code = _frame.Link(s_parsed.GetOrAdd(text, Parse), parameters);
            memory.SetSharedEnd(_frame.SharedEnd);
        }

        return code;
    }

    private PtxWarp Warp(KernelThread thread)
    {
        int index = thread.Index / PtxWarp.Size;
        if (_warps[index] is not { } warp)
        {
            _warps[index] = warp = new PtxWarp(memory);
            warp.Grow(_frame);
            var place = thread.Group.Place;
            warp.SetPlace(_launch, (place.X, place.Y, place.Z), index * PtxWarp.Size);
        }

        warp.Grow(_frame);
        return warp;
    }
}
