namespace IlZo.Ptx.Instructions;

/// <summary>
/// cp.async and its groups. A thread sees its own copies after a wait, and those of others after a barrier that follows their waits.
/// </summary>
internal static class AsyncCopyInstructions
{
    private static readonly string[] s_prefetch = [string.Empty, ".L2::64B", ".L2::128B", ".L2::256B"];

    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        foreach (string prefetch in s_prefetch)
        {
            set.Add($"cp.async.ca.shared.global{prefetch}", o => Copy(o, [4, 8, 16]));
            set.Add($"cp.async.cg.shared.global{prefetch}", o => Copy(o, [16]));
        }

        set.Add("cp.async.commit_group", o => Wait(o, 0, (copies, lane, _) => copies.Commit(lane)));
        set.Add("cp.async.wait_group", o => Wait(o, 1, (copies, lane, except) => copies.Wait(lane, except)));
        set.Add("cp.async.wait_all", o => Wait(o, 0, (copies, lane, _) =>
        {
            copies.Commit(lane);
            copies.Wait(lane, 0);
        }));
    }

    // The fourth operand is how many bytes are read; zeros take the place of the rest.
    private static CopyStep Copy(Operands o, int[] sizes)
    {
        if (o.Count != 4)
        {
            o.Require(3);
        }

        int size = o.Constant(2);
        return sizes.Contains(size)
            ? new CopyStep(
                o.Address(0, MemorySpace.Shared), o.Address(1, MemorySpace.Global), size, o.Count == 4 ? o.Source(3, PtxType.U32) : -1)
            : throw o.Error($"it copies {string.Join(", ", sizes)} bytes");
    }

    private static GroupStep Wait(Operands o, int count, Action<AsyncCopies, int, int> action)
    {
        o.Require(count);
        return new GroupStep(action, count == 0 ? 0 : o.Constant(0));
    }

    private sealed unsafe class CopyStep(Address target, Address source, int size, int sourceSize) : Step
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                int count = sourceSize < 0 ? size : (int)warp[sourceSize, lane];
                if (count < 0 || count > size)
                {
                    throw new PtxException($"{(uint)count} bytes of {size} are to be read.");
                }

                ulong from = source.Of(warp, lane);
                if (from % (ulong)size != 0)
                {
                    throw new PtxException($"The address {from:X} is not a multiple of {size}.");
                }

                byte* to = MemorySpace.Shared.At(warp, target.Of(warp, lane), size, lane);
                warp.Copies.Start(lane, count == 0 ? null : warp.Memory.Global(from, count), count, to, size);
            }
        }
    }

    private sealed class GroupStep(Action<AsyncCopies, int, int> action, int except) : Step
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                action(warp.Copies, lane, except);
            }
        }
    }
}
