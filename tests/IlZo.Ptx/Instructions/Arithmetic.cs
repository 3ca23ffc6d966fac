namespace IlZo.Ptx.Instructions;

/// <summary>A function of one register.</summary>
internal sealed class Unary<TA, TD>(int d, int a, Func<TA, TD> function) : LaneStep
    where TA : unmanaged
    where TD : unmanaged
{
    protected override void Execute(PtxWarp warp)
    {
        ref ulong from = ref warp[a, 0];
        ref ulong to = ref warp[d, 0];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            Bits.Write(ref to, lane, function(Bits.Read<TA>(ref from, lane)));
        }
    }

    protected override void Execute(PtxWarp warp, int lane) =>
        Bits.Write(ref warp[d, 0], lane, function(Bits.Read<TA>(ref warp[a, 0], lane)));
}

/// <summary>A function of two registers.</summary>
internal sealed class Binary<TA, TB, TD>(int d, int a, int b, Func<TA, TB, TD> function) : LaneStep
    where TA : unmanaged
    where TB : unmanaged
    where TD : unmanaged
{
    protected override void Execute(PtxWarp warp)
    {
        ref ulong left = ref warp[a, 0];
        ref ulong right = ref warp[b, 0];
        ref ulong to = ref warp[d, 0];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            Bits.Write(ref to, lane, function(Bits.Read<TA>(ref left, lane), Bits.Read<TB>(ref right, lane)));
        }
    }

    protected override void Execute(PtxWarp warp, int lane) =>
        Bits.Write(ref warp[d, 0], lane, function(Bits.Read<TA>(ref warp[a, 0], lane), Bits.Read<TB>(ref warp[b, 0], lane)));
}

/// <summary>A function of three registers.</summary>
internal sealed class Ternary<TA, TB, TC, TD>(int d, int a, int b, int c, Func<TA, TB, TC, TD> function) : LaneStep
    where TA : unmanaged
    where TB : unmanaged
    where TC : unmanaged
    where TD : unmanaged
{
    protected override void Execute(PtxWarp warp)
    {
        ref ulong first = ref warp[a, 0];
        ref ulong second = ref warp[b, 0];
        ref ulong third = ref warp[c, 0];
        ref ulong to = ref warp[d, 0];
        for (int lane = 0; lane < PtxWarp.Size; lane++)
        {
            Bits.Write(
                ref to, lane, function(Bits.Read<TA>(ref first, lane), Bits.Read<TB>(ref second, lane), Bits.Read<TC>(ref third, lane)));
        }
    }

    protected override void Execute(PtxWarp warp, int lane) => Bits.Write(
        ref warp[d, 0], lane,
        function(Bits.Read<TA>(ref warp[a, 0], lane), Bits.Read<TB>(ref warp[b, 0], lane), Bits.Read<TC>(ref warp[c, 0], lane)));
}
