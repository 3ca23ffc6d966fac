namespace IlZo.Ptx.Instructions;

/// <summary>Branches, ends and the barriers of a group and of a warp.</summary>
internal static class ControlInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        set.Add("bra", o => Branch(o, isUniform: false));
        set.Add("bra.uni", o => Branch(o, isUniform: true));
        set.Add("bar.sync", Barrier);
        set.Add("barrier.sync", Barrier);
        set.Add("bar.warp.sync", WarpBarrier);
        foreach (string opcode in (string[])["ret", "ret.uni", "exit"])
        {
            set.Add(opcode, o =>
            {
                o.Require(0);
                return new ExitStep();
            });
        }
    }

    private static BranchStep Branch(Operands o, bool isUniform)
    {
        o.Require(1);
        return new BranchStep(o.Label(0), isUniform);
    }

    private static BarrierStep Barrier(Operands o)
    {
        o.Require(1);
        return o.Constant(0) == 0 ? new BarrierStep() : throw o.Error("only barrier 0 is known");
    }

    private static WarpBarrierStep WarpBarrier(Operands o)
    {
        o.Require(1);
        return (uint)o.Constant(0) == PtxWarp.AllLanes
            ? new WarpBarrierStep()
            : throw o.Error("only barriers of all threads of a warp are known");
    }
}
