namespace IlZo.Ptx.Instructions;

/// <summary>Moves, choices and comparisons.</summary>
internal static class MoveInstructions
{
    private static readonly PtxType[] s_types =
    [
        PtxType.B16, PtxType.B32, PtxType.B64, PtxType.U16, PtxType.U32, PtxType.U64, PtxType.S16, PtxType.S32, PtxType.S64, PtxType.F32,
        PtxType.F64,
    ];

    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        set.Unary<ulong, ulong>("mov.pred", PtxType.Pred, PtxType.Pred, a => a & 1);
        set.Unary<ulong, ulong>("not.pred", PtxType.Pred, PtxType.Pred, a => ~a & 1);
        set.Binary<ulong, ulong, ulong>("and.pred", PtxType.Pred, PtxType.Pred, PtxType.Pred, (a, b) => a & b & 1);
        set.Binary<ulong, ulong, ulong>("or.pred", PtxType.Pred, PtxType.Pred, PtxType.Pred, (a, b) => (a | b) & 1);
        set.Binary<ulong, ulong, ulong>("xor.pred", PtxType.Pred, PtxType.Pred, PtxType.Pred, (a, b) => (a ^ b) & 1);
        foreach (var type in s_types)
        {
            set.Add($"mov{type.Name()}", o => Move(o, type));
            set.Ternary<ulong, ulong, ulong, ulong>(
                $"selp{type.Name()}", type, type, PtxType.Pred, type, (a, b, p) => (p & 1) != 0 ? a : b);
        }

        Comparisons.AddTo(set);
    }

    // Braces pack a register from parts, or cut it into them, the lowest first.
    private static Step Move(Operands o, PtxType type)
    {
        o.Require(2);
        if (!o.IsVector(0) && !o.IsVector(1))
        {
            return new MoveStep(o.Destination(0, type), o.Source(1, type));
        }

        int parts = o.Elements(o.IsVector(0) ? 0 : 1);
        var part = (8 * type.Bytes() / parts) switch
        {
            8 => PtxType.B8,
            16 => PtxType.B16,
            32 => PtxType.B32,
            _ => throw o.Error("the parts do not fill the whole"),
        };
        return o.IsVector(0)
            ? new UnpackStep(o.Destinations(0, part, parts), o.Source(1, type), 8 * part.Bytes())
            : new PackStep(o.Destination(0, type), o.Sources(1, part, parts), 8 * part.Bytes());
    }

    private sealed class MoveStep(int d, int a) : LaneStep
    {
        protected override void Execute(PtxWarp warp) => warp.Row(a).CopyTo(warp.Row(d));

        protected override void Execute(PtxWarp warp, int lane) => warp[d, lane] = warp[a, lane];
    }

    private sealed class PackStep(int d, int[] parts, int bits) : Step
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                ulong value = 0;
                for (int i = 0; i < parts.Length; i++)
                {
                    value |= warp[parts[i], lane] << (i * bits);
                }

                warp[d, lane] = value;
            }
        }
    }

    private sealed class UnpackStep((int Row, PtxType Type)[] parts, int a, int bits) : Step
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                ulong value = warp[a, lane];
                for (int i = 0; i < parts.Length; i++)
                {
                    warp[parts[i].Row, lane] = (value >> (i * bits)) & ((1ul << bits) - 1);
                }
            }
        }
    }
}
