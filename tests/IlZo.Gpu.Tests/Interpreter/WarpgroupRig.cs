using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>A product of a warpgroup, D[64, N] = A[64, K] B[N, K]^T, of random numbers in shared memory.</summary>
internal sealed class WarpgroupRig
{
    public const int Rows = 64;
    public const int Inner = 64;
    public const string Fence = "wgmma.fence.sync.aligned;";
    public const string Commit = "wgmma.commit_group.sync.aligned;";

    private const int LeftBytes = Rows * Inner * sizeof(ushort);
    private const int SharedBytes = LeftBytes + (256 * Inner * sizeof(ushort));

    private readonly PtxRig[] _warps;
    private readonly SharedLayout _left;
    private readonly SharedLayout _right;
    private readonly string _type;

    public WarpgroupRig(string type, int columns, int swizzle, int warps = 4)
    {
        _type = type;
        Columns = columns;
        var random = new Random(columns + swizzle);
        (A, B) = (RandomMatrix(random, Rows), RandomMatrix(random, columns));
        _left = new SharedLayout(swizzle, Rows);
        _right = new SharedLayout(swizzle, columns, (int)PtxMemory.Base + LeftBytes);
        _warps = [.. Enumerable.Range(0, warps).Select(w => new PtxRig(SharedBytes, 128, w * PtxWarp.Size))];
        foreach (var warp in _warps)
        {
            _left.Write(warp.SharedBytes, A);
            _right.Write(warp.SharedBytes, B);
        }
    }

    public int Columns { get; }

    /// <summary>The instruction.</summary>
    public string Name => $"wgmma.mma_async.sync.aligned.m64n{Columns}k16.f32.{_type}.{_type}";

    public ulong LeftDescriptor => _left.Descriptor(0);

    public ulong RightDescriptor => _right.Descriptor(0);

    public ushort[,] A { get; }

    public ushort[,] B { get; }

    public PtxCounts CountsOfFirst => _warps[0].Counts;

    /// <summary>Changes A after the warps have it in shared memory.</summary>
    public void Overwrite(ushort[,] a)
    {
        foreach (var warp in _warps)
        {
            _left.Write(warp.SharedBytes, a);
        }
    }

    public static string Wait(int except) => $"wgmma.wait_group.sync.aligned {except};";

    public float Value(ushort number) =>
        _type == "f16" ? (float)BitConverter.UInt16BitsToHalf(number) : BitConverter.UInt32BitsToSingle((uint)number << 16);

    /// <summary>Declares registers for sums that stay from one text to the next, and sets them to zero.</summary>
    public string Declare(string sums) =>
        $".reg .f32 {sums}<{Columns / 2}>;" + string.Concat(Registers(sums).Select(r => $"mov.f32 {r}, 0f00000000;"));

    /// <summary>Makes such sums the result.</summary>
    public string Give(string sums) => string.Concat(Registers("d").Zip(Registers(sums), (d, r) => $"mov.f32 {d}, {r};"));

    /// <summary>The product of 16 columns of both, from one on.</summary>
    public string Mma(int k, bool adds = true, string rest = "1, 1, 0, 0", string sums = "d") =>
        MmaOf(_left.Descriptor(k), _right.Descriptor(k), adds, rest, sums);

    /// <summary>The product of the matrices that descriptors say.</summary>
    public string MmaOf(ulong left, ulong right, bool adds = true, string rest = "1, 1, 0, 0", string sums = "d") =>
        $"{{ .reg .b64 l, r; .reg .pred p; mov.b64 l, 0x{left:X}; mov.b64 r, 0x{right:X}; setp.eq.u32 p, {(adds ? 0 : 1)}, 0;"
            + $" {Name} {{{string.Join(", ", Registers(sums))}}}, l, r, p, {rest}; }}";

    /// <summary>Executes a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="initial">What D is before; by default zeros.</param>
    /// <returns>D.</returns>
    public float[,] Run(string text, Func<int, int, float>? initial = null)
    {
        float[,] d = new float[Rows, Columns];
        for (int warp = 0; warp < _warps.Length; warp++)
        {
            (int Row, int Column) Place(int lane, int i) =>
                ((16 * warp) + (lane / 4) + (i % 4 < 2 ? 0 : 8), (i / 4 * 8) + (2 * (lane % 4)) + (i % 2));
            ulong Before(int lane, int i) =>
                initial is null ? 0 : PtxRig.Bits(initial(Place(lane, i).Row, Place(lane, i).Column));
            ulong[][] results = _warps[warp].Run(
                text, PtxWarp.AllLanes,
                [.. Enumerable.Range(0, Columns / 2).Select(i => ($"d{i}", PtxType.F32, (Func<int, ulong>)(lane => Before(lane, i))))]);
            for (int i = 0; i < Columns / 2; i++)
            {
                for (int lane = 0; lane < PtxWarp.Size; lane++)
                {
                    d[Place(lane, i).Row, Place(lane, i).Column] = PtxRig.Single(results[i][lane]);
                }
            }
        }

        return d;
    }

    private IEnumerable<string> Registers(string sums) => Enumerable.Range(0, Columns / 2).Select(i => $"{sums}{i}");

    private ushort[,] RandomMatrix(Random random, int rows)
    {
        ushort[,] matrix = new ushort[rows, Inner];
        for (int row = 0; row < rows; row++)
        {
            for (int k = 0; k < Inner; k++)
            {
                float value = (random.NextSingle() * 2) - 1;
                matrix[row, k] = _type == "f16"
                    ? BitConverter.HalfToUInt16Bits((Half)value)
                    : (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
            }
        }

        return matrix;
    }
}
