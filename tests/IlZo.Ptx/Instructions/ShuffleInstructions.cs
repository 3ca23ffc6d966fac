namespace IlZo.Ptx.Instructions;

/// <summary>shfl.sync: each lane reads a register of another one. All lanes take part.</summary>
internal static class ShuffleInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        Add(set, "up", (lane, b, _) => lane - b, (source, limit) => source >= limit);
        Add(set, "down", (lane, b, _) => lane + b, (source, limit) => source <= limit);
        Add(set, "bfly", (lane, b, _) => lane ^ b, (source, limit) => source <= limit);
        Add(set, "idx", (lane, b, segment) => (lane & segment) | (b & ~segment), (source, limit) => source <= limit);
    }

    private static void Add(
        Dictionary<string, Func<Operands, Step>> set, string mode, Func<int, int, int, int> source, Func<int, int, bool> isInside) =>
        set.Add($"shfl.sync.{mode}.b32", o =>
        {
            o.Require(5);
            if (o.Constant(4) != -1)
            {
                throw o.Error("only a mask of all lanes is known");
            }

            return new ShuffleStep(
                o.Destination(0, PtxType.B32), o.Source(1, PtxType.B32), o.Source(2, PtxType.B32), o.Source(3, PtxType.B32), source,
                isInside);
        });

    /// <summary>Reads a lane, or where that lies outside of the segment that c gives, the lane's own.</summary>
    private sealed class ShuffleStep(int d, int a, int b, int c, Func<int, int, int, int> source, Func<int, int, bool> isInside) : Step
    {
        public override bool IsWarpWide => true;

        public override void Execute(PtxWarp warp, uint lanes)
        {
            Span<ulong> values = stackalloc ulong[PtxWarp.Size];
            warp.Row(a).CopyTo(values);
            foreach (int lane in new Lanes(lanes))
            {
                // Segments by the mask in bits 8 to 12; the clamp in bits 0 to 4 is the last lane of each, or for up the first.
                int segment = (int)(warp[c, lane] >> 8) & 31;
                int clamp = (int)warp[c, lane] & 31;
                int from = source(lane, (int)warp[b, lane] & 31, segment);
                warp[d, lane] = values[isInside(from, (lane & segment) | (clamp & ~segment)) ? from : lane];
            }
        }
    }
}
