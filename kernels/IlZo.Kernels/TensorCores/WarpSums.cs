using ILGPU;

namespace IlZo.Kernels.TensorCores;

/// <summary>What a thread holds of its warp's sums: 32 tokens by 64 outputs, 64 numbers a thread, 8 outputs a column.</summary>
internal readonly struct WarpSums(
    ColumnSums s0, ColumnSums s1, ColumnSums s2, ColumnSums s3, ColumnSums s4, ColumnSums s5, ColumnSums s6, ColumnSums s7)
{
    private readonly ColumnSums _s0 = s0;
    private readonly ColumnSums _s1 = s1;
    private readonly ColumnSums _s2 = s2;
    private readonly ColumnSums _s3 = s3;
    private readonly ColumnSums _s4 = s4;
    private readonly ColumnSums _s5 = s5;
    private readonly ColumnSums _s6 = s6;
    private readonly ColumnSums _s7 = s7;

    /// <summary>
    /// Adds the products of a step. Weights are loaded a column at a time, or two where both fit into one load: registers are scarce.
    /// </summary>
    /// <param name="inputs">The first float of x in shared memory.</param>
    /// <param name="parts">The address of the probe's weights.</param>
    public WarpSums Add<TOperands, TOrder>(int inputs, uint parts)
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
    {
        var upper = InputFragment.Read<TOperands>(inputs, TileShape<TOperands>.WarpRow);
        var lower = InputFragment.Read<TOperands>(inputs, TileShape<TOperands>.WarpRow + Tile.HalfRows);
        uint address = WeightParts.FragmentAddress<TOperands, TOrder>(parts);
        return TOperands.IsSplit
            ? AddSplit<TOperands, TOrder>(upper, lower, address)
            : AddSingle<TOperands, TOrder>(upper.High, lower.High, address);
    }

    /// <summary>Adds the products of 16 inputs that are in registers.</summary>
    /// <param name="upper">The first 16 tokens.</param>
    /// <param name="lower">The others.</param>
    /// <param name="w">The weights.</param>
    public WarpSums Add<TOperands>(Fragment upper, Fragment lower, ColumnFragments w)
        where TOperands : struct, IOperandFormat => new(
            _s0.Add<TOperands>(upper, lower, w.W0.V0, w.W0.V1),
            _s1.Add<TOperands>(upper, lower, w.W0.V2, w.W0.V3),
            _s2.Add<TOperands>(upper, lower, w.W1.V0, w.W1.V1),
            _s3.Add<TOperands>(upper, lower, w.W1.V2, w.W1.V3),
            _s4.Add<TOperands>(upper, lower, w.W2.V0, w.W2.V1),
            _s5.Add<TOperands>(upper, lower, w.W2.V2, w.W2.V3),
            _s6.Add<TOperands>(upper, lower, w.W3.V0, w.W3.V1),
            _s7.Add<TOperands>(upper, lower, w.W3.V2, w.W3.V3));

    /// <summary>Writes the thread's sums of 8 tokens to the warp's [8 tokens][64 outputs].</summary>
    /// <param name="to">Shared memory.</param>
    /// <param name="warp">Where the warp's begin.</param>
    /// <param name="quarter">Which 8 tokens.</param>
    public void Store(ArrayView<float> to, int warp, int quarter)
    {
        int first = warp + (Tile.Lane / 4 * Tile.SumPitch) + (Tile.Lane % 4 * 2);
        _s0.Store(to, first, quarter);
        _s1.Store(to, first + 8, quarter);
        _s2.Store(to, first + 16, quarter);
        _s3.Store(to, first + 24, quarter);
        _s4.Store(to, first + 32, quarter);
        _s5.Store(to, first + 40, quarter);
        _s6.Store(to, first + 48, quarter);
        _s7.Store(to, first + 56, quarter);
    }

    private WarpSums AddSplit<TOperands, TOrder>(InputFragment upper, InputFragment lower, uint address)
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder => new(
            _s0.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 0)),
            _s1.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 1)),
            _s2.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 2)),
            _s3.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 3)),
            _s4.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 4)),
            _s5.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 5)),
            _s6.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 6)),
            _s7.Add<TOperands>(upper, lower, WeightParts.Load<TOrder>(address, 7)));

    private WarpSums AddSingle<TOperands, TOrder>(Fragment upper, Fragment lower, uint address)
        where TOperands : struct, IOperandFormat
        where TOrder : struct, IMatrixOrder
    {
        var w0 = WeightParts.Load<TOrder>(address, 0);
        var s0 = _s0.Add<TOperands>(upper, lower, w0.V0, w0.V1);
        var s1 = _s1.Add<TOperands>(upper, lower, w0.V2, w0.V3);
        var w2 = WeightParts.Load<TOrder>(address, 2);
        var s2 = _s2.Add<TOperands>(upper, lower, w2.V0, w2.V1);
        var s3 = _s3.Add<TOperands>(upper, lower, w2.V2, w2.V3);
        var w4 = WeightParts.Load<TOrder>(address, 4);
        var s4 = _s4.Add<TOperands>(upper, lower, w4.V0, w4.V1);
        var s5 = _s5.Add<TOperands>(upper, lower, w4.V2, w4.V3);
        var w6 = WeightParts.Load<TOrder>(address, 6);
        return new WarpSums(
            s0, s1, s2, s3, s4, s5, _s6.Add<TOperands>(upper, lower, w6.V0, w6.V1), _s7.Add<TOperands>(upper, lower, w6.V2, w6.V3));
    }
}

/// <summary>32 tokens by 8 outputs.</summary>
/// <param name="upper">The first 16 tokens.</param>
/// <param name="lower">The others.</param>
internal readonly struct ColumnSums(Quad upper, Quad lower)
{
    private readonly Quad _upper = upper;
    private readonly Quad _lower = lower;

    // The smaller products first; each result's three wait for each other, so that the halves take turns.
    public ColumnSums Add<TOperands>(InputFragment upper, InputFragment lower, Fragment weights)
        where TOperands : struct, IOperandFormat => Add<TOperands>(upper.Low, lower.Low, weights.V0, weights.V1)
            .Add<TOperands>(upper.High, lower.High, weights.V2, weights.V3)
            .Add<TOperands>(upper.High, lower.High, weights.V0, weights.V1);

    public ColumnSums Add<TOperands>(Fragment upper, Fragment lower, uint first, uint second)
        where TOperands : struct, IOperandFormat =>
        new(TOperands.MultiplyAdd(_upper, upper, first, second), TOperands.MultiplyAdd(_lower, lower, first, second));

    public void Store(ArrayView<float> to, int first, int quarter)
    {
        var sums = quarter < 2 ? _upper : _lower;
        to[first] = quarter % 2 == 0 ? sums.V0 : sums.V2;
        to[first + 1] = quarter % 2 == 0 ? sums.V1 : sums.V3;
    }
}

/// <summary>What a thread holds of 16 tokens by 16 inputs, in two parts or, where numbers are not split, in the high one.</summary>
internal readonly struct InputFragment(Fragment high, Fragment low)
{
    // Threads of a row, each with four of its inputs.
    private const int ThreadsOfRow = Tile.Depth / 4;

    public readonly Fragment High = high;
    public readonly Fragment Low = low;

    /// <summary>Reads the thread's inputs, four of two rows, 8 apart, and splits them.</summary>
    /// <param name="inputs">The first float of x in shared memory.</param>
    /// <param name="row">The first row.</param>
    public static InputFragment Read<TOperands>(int inputs, int row)
        where TOperands : struct, IOperandFormat
    {
        int own = ((row + (Tile.Lane / 4)) * ThreadsOfRow) + (Tile.Lane % 4);
        return TOperands.IsSplit ? ReadSplit((inputs / 4) + own) : ReadSingle((inputs / 2) + own);
    }

    private static InputFragment ReadSplit(int first)
    {
        var quads = SharedMemory.GetDynamic<Quad>();
        var upper = quads[first];
        var lower = quads[first + (8 * ThreadsOfRow)];
        var a0 = BFloat16Pair.Of(upper.V0, upper.V1);
        var a1 = BFloat16Pair.Of(lower.V0, lower.V1);
        var a2 = BFloat16Pair.Of(upper.V2, upper.V3);
        var a3 = BFloat16Pair.Of(lower.V2, lower.V3);
        return new InputFragment(new Fragment(a0.High, a1.High, a2.High, a3.High), new Fragment(a0.Low, a1.Low, a2.Low, a3.Low));
    }

    private static InputFragment ReadSingle(int first)
    {
        var words = SharedMemory.GetDynamic<Words>();
        var upper = words[first];
        var lower = words[first + (8 * ThreadsOfRow)];
        return new InputFragment(new Fragment(upper.V0, lower.V0, upper.V1, lower.V1), default);
    }
}
