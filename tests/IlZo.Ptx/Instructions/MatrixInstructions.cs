namespace IlZo.Ptx.Instructions;

/// <summary>Tensor cores: products of fragments, and the loads that make fragments of matrices in shared memory.</summary>
internal static class MatrixInstructions
{
    public static void AddTo(Dictionary<string, Func<Operands, Step>> set)
    {
        Product(set, ".f16", Bits.OfHalf);
        Product(set, ".bf16", Bits.OfBFloat16);
        foreach (int count in (int[])[1, 2, 4])
        {
            set.Add($"ldmatrix.sync.aligned.m8n8.x{count}.shared.b16", o => Load(o, count, isTransposed: false));
            set.Add($"ldmatrix.sync.aligned.m8n8.x{count}.trans.shared.b16", o => Load(o, count, isTransposed: true));
        }
    }

    private static void Product(Dictionary<string, Func<Operands, Step>> set, string type, Func<uint, float> convert) =>
        set.Add($"mma.sync.aligned.m16n8k16.row.col.f32{type}{type}.f32", o =>
        {
            o.Require(4);
            return new ProductStep(
                [.. o.Destinations(0, PtxType.F32, 4).Select(d => d.Row)],
                o.Sources(1, PtxType.B32, 4),
                o.Sources(2, PtxType.B32, 2),
                o.Sources(3, PtxType.F32, 4),
                convert);
        });

    private static LoadStep Load(Operands o, int count, bool isTransposed)
    {
        o.Require(2);
        return new LoadStep([.. o.Destinations(0, PtxType.B32, count).Select(d => d.Row)], o.Address(1, MemorySpace.Shared), isTransposed);
    }

    /// <summary>D[16, 8] = A[16, 16] B[16, 8] + C.</summary>
    private sealed class ProductStep(int[] d, int[] a, int[] b, int[] c, Func<uint, float> convert) : Step
    {
        private const int Rows = FragmentSums.Rows;
        private const int Columns = 8;
        private const int Inner = FragmentSums.Inner;

        public override bool IsWarpWide => true;

        public override void Execute(PtxWarp warp, uint lanes)
        {
            Span<float> left = stackalloc float[Rows * Inner];
            Span<float> right = stackalloc float[Inner * Columns];
            Span<float> sums = stackalloc float[Rows * Columns];
            foreach (int lane in new Lanes(lanes))
            {
                int group = lane >> 2;
                int pair = 2 * (lane & 3);
                for (int i = 0; i < 8; i++)
                {
                    left[((group + (8 * ((i >> 1) & 1))) * Inner) + pair + (i & 1) + (8 * (i >> 2))] = Half(warp[a[i >> 1], lane], i);
                }

                for (int i = 0; i < 4; i++)
                {
                    right[((pair + (i & 1) + (8 * (i >> 1))) * Columns) + group] = Half(warp[b[i >> 1], lane], i);
                    sums[FragmentSums.Place(lane, i, Columns)] = Bits.To<float>(warp[c[i], lane]);
                }
            }

            FragmentSums.Add(left, right, sums);
            foreach (int lane in new Lanes(lanes))
            {
                for (int i = 0; i < 4; i++)
                {
                    warp[d[i], lane] = Bits.Of(sums[FragmentSums.Place(lane, i, Columns)]);
                }
            }
        }

        private float Half(ulong pair, int i) => convert((uint)(pair >> (16 * (i & 1))) & 0xFFFF);
    }

    /// <summary>
    /// Matrices of 8 x 8 numbers of 16 bits: eight lanes give the addresses of the rows of each; every lane gets two numbers of each.
    /// </summary>
    private sealed unsafe class LoadStep(int[] d, Address address, bool isTransposed) : Step
    {
        private const int Side = 8;

        public override bool IsWarpWide => true;

        public override void Execute(PtxWarp warp, uint lanes)
        {
            uint givers = (uint)((1UL << (d.Length * Side)) - 1);
            warp.Memory.Counts?.CountSharedLoad(warp, address, lanes & givers, Side * sizeof(ushort));
            Span<ushort> matrix = stackalloc ushort[Side * Side];
            Span<uint> results = stackalloc uint[4 * PtxWarp.Size];
            for (int i = 0; i < d.Length; i++)
            {
                for (int row = 0; row < Side; row++)
                {
                    byte* data = MemorySpace.Shared.At(warp, address.Of(warp, (i * Side) + row), Side * sizeof(ushort), row);
                    new Span<ushort>(data, Side).CopyTo(matrix[(row * Side)..]);
                }

                foreach (int lane in new Lanes(lanes))
                {
                    int row = lane >> 2;
                    int column = 2 * (lane & 3);
                    uint low = matrix[isTransposed ? (column * Side) + row : (row * Side) + column];
                    uint high = matrix[isTransposed ? ((column + 1) * Side) + row : (row * Side) + column + 1];
                    results[(i * PtxWarp.Size) + lane] = low | (high << 16);
                }
            }

            foreach (int lane in new Lanes(lanes))
            {
                for (int i = 0; i < d.Length; i++)
                {
                    warp[d[i], lane] = results[(i * PtxWarp.Size) + lane];
                }
            }
        }
    }
}
