using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>The sums of a warpgroup, 128 tokens by 128 outputs, by wgmma: a half is 16 tokens of each 64.</summary>
public readonly struct WarpgroupSums : ITileSums<WarpgroupSums>
{
    // Tokens of a wgmma.
    private const int Rows = 64;

    private readonly GroupRowSums _first;
    private readonly GroupRowSums _second;

    private WarpgroupSums(GroupRowSums first, GroupRowSums second) => (_first, _second) = (first, second);

    public static bool IsOfWarpgroup => true;

    public static int Tokens => Tile.HalfRows;

    public static int Outputs => OperandTile.Side;

    public static int Pitch => GroupRowSums.Pitch;

    public static int Output => 0;

    public static int Token(int half) => (half * Rows) + (Group.IdxX / Tile.Warp * Tile.HalfRows);

    public WarpgroupSums Add<TOperands>(uint step)
        where TOperands : struct, IOperandFormat => TOperands.MultiplyAdd(this, WarpgroupInstructions.Descriptor(step));

    public void Store(ArrayView<float> to, int warp) =>
        _first.Store(to, warp + (Tile.Lane / 4 * GroupRowSums.Pitch) + (Tile.Lane % 4 * 2));

    public WarpgroupSums Exchanged() => new(_second, _first);
}

/// <summary>What a thread holds of 64 tokens by 128 outputs, 8 outputs each: two of a token, and two of the token 8 later.</summary>
internal readonly struct GroupRowSums(
    Quad q0, Quad q1, Quad q2, Quad q3, Quad q4, Quad q5, Quad q6, Quad q7, Quad q8, Quad q9, Quad q10, Quad q11, Quad q12, Quad q13,
    Quad q14, Quad q15)
{
    /// <summary>Floats from one row of sums to the next in shared memory.</summary>
    public const int Pitch = OperandTile.Side + 8;

    private readonly Quad _q0 = q0;
    private readonly Quad _q1 = q1;
    private readonly Quad _q2 = q2;
    private readonly Quad _q3 = q3;
    private readonly Quad _q4 = q4;
    private readonly Quad _q5 = q5;
    private readonly Quad _q6 = q6;
    private readonly Quad _q7 = q7;
    private readonly Quad _q8 = q8;
    private readonly Quad _q9 = q9;
    private readonly Quad _q10 = q10;
    private readonly Quad _q11 = q11;
    private readonly Quad _q12 = q12;
    private readonly Quad _q13 = q13;
    private readonly Quad _q14 = q14;
    private readonly Quad _q15 = q15;

    /// <summary>Writes the sums.</summary>
    /// <param name="to">Shared memory.</param>
    /// <param name="first">Where the thread's first one goes.</param>
    public void Store(ArrayView<float> to, int first)
    {
        Store(to, first + 0, _q0);
        Store(to, first + 8, _q1);
        Store(to, first + 16, _q2);
        Store(to, first + 24, _q3);
        Store(to, first + 32, _q4);
        Store(to, first + 40, _q5);
        Store(to, first + 48, _q6);
        Store(to, first + 56, _q7);
        Store(to, first + 64, _q8);
        Store(to, first + 72, _q9);
        Store(to, first + 80, _q10);
        Store(to, first + 88, _q11);
        Store(to, first + 96, _q12);
        Store(to, first + 104, _q13);
        Store(to, first + 112, _q14);
        Store(to, first + 120, _q15);
    }

    private static void Store(ArrayView<float> to, int first, Quad sums)
    {
        to[first] = sums.V0;
        to[first + 1] = sums.V1;
        to[first + (8 * Pitch)] = sums.V2;
        to[first + (8 * Pitch) + 1] = sums.V3;
    }
}
