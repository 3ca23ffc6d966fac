using System.Runtime.CompilerServices;

namespace IlZo.Ptx.Instructions;

/// <summary>Loads and stores, of one element or of a vector of two or four.</summary>
internal static class MemoryInstructions
{
    private static readonly PtxType[] s_types =
    [
        PtxType.B8, PtxType.U8, PtxType.S8, PtxType.B16, PtxType.U16, PtxType.S16, PtxType.B32, PtxType.U32, PtxType.S32, PtxType.F32,
        PtxType.B64,
        PtxType.U64, PtxType.S64, PtxType.F64,
    ];

    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        foreach (var space in Enum.GetValues<MemorySpace>())
        {
            foreach (var type in s_types)
            {
                foreach (int count in (int[])[1, 2, 4])
                {
                    string vector = count == 1 ? string.Empty : $".v{count}";
                    set.Add($"ld{space.Name()}{vector}{type.Name()}", o => Load(o, space, type, count));
                    set.Add($"st{space.Name()}{vector}{type.Name()}", o => Store(o, space, type, count));
                }
            }
        }
    }

    private static Step Load(Operands o, MemorySpace space, PtxType type, int count)
    {
        o.Require(2);
        var address = o.Address(1, space);
        var to = o.Destinations(0, type, count, mayBeWider: true);
        return type.Bytes() switch
        {
            1 => new LoadStep<byte>(space, address, to, type),
            2 => new LoadStep<ushort>(space, address, to, type),
            4 => new LoadStep<uint>(space, address, to, type),
            _ => new LoadStep<ulong>(space, address, to, type),
        };
    }

    private static Step Store(Operands o, MemorySpace space, PtxType type, int count)
    {
        o.Require(2);
        var address = o.Address(0, space);
        int[] from = o.Sources(1, type, count, mayBeWider: true);
        return type.Bytes() switch
        {
            1 => new StoreStep<byte>(space, address, from),
            2 => new StoreStep<ushort>(space, address, from),
            4 => new StoreStep<uint>(space, address, from),
            _ => new StoreStep<ulong>(space, address, from),
        };
    }

    private sealed unsafe class LoadStep<T>(MemorySpace space, Address address, (int Row, PtxType Type)[] to, PtxType type) : Step
        where T : unmanaged
    {
        private readonly Widening[] _widenings = [.. to.Select(t => new Widening(type, t.Type))];

        public override void Execute(PtxWarp warp, uint lanes)
        {
            if (space == MemorySpace.Shared)
            {
                warp.Memory.Counts?.CountSharedLoad(warp, address, lanes, sizeof(T) * to.Length);
            }

            foreach (int lane in new Lanes(lanes))
            {
                byte* data = space.At(warp, address.Of(warp, lane), sizeof(T) * to.Length, lane);
                for (int i = 0; i < to.Length; i++)
                {
                    warp[to[i].Row, lane] = _widenings[i].Of(Bits.Of(Unsafe.ReadUnaligned<T>(data + (i * sizeof(T)))));
                }
            }
        }
    }

    private sealed unsafe class StoreStep<T>(MemorySpace space, Address address, int[] from) : Step
        where T : unmanaged
    {
        public override void Execute(PtxWarp warp, uint lanes)
        {
            foreach (int lane in new Lanes(lanes))
            {
                byte* data = space.At(warp, address.Of(warp, lane), sizeof(T) * from.Length, lane);
                for (int i = 0; i < from.Length; i++)
                {
                    Unsafe.WriteUnaligned(data + (i * sizeof(T)), Bits.To<T>(warp[from[i], lane]));
                }
            }
        }
    }
}
