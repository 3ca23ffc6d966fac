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

    /// <summary>Adds the products of a step. Weights are loaded a column at a time: registers are scarce.</summary>
    /// <param name="buffer">Where x lies.</param>
    /// <param name="parts">The address of the probe's weights.</param>
    public WarpSums Add<TOrder>(int buffer, uint parts)
        where TOrder : struct, IMatrixOrder
    {
        var upper = InputFragment.Read(buffer, Tile.WarpRow);
        var lower = InputFragment.Read(buffer, Tile.WarpRow + Tile.HalfRows);
        uint address = WeightSplit.FragmentAddress<TOrder>(parts);
        return new WarpSums(
            _s0.Add(upper, lower, WeightSplit.Load<TOrder>(address, 0)),
            _s1.Add(upper, lower, WeightSplit.Load<TOrder>(address, 1)),
            _s2.Add(upper, lower, WeightSplit.Load<TOrder>(address, 2)),
            _s3.Add(upper, lower, WeightSplit.Load<TOrder>(address, 3)),
            _s4.Add(upper, lower, WeightSplit.Load<TOrder>(address, 4)),
            _s5.Add(upper, lower, WeightSplit.Load<TOrder>(address, 5)),
            _s6.Add(upper, lower, WeightSplit.Load<TOrder>(address, 6)),
            _s7.Add(upper, lower, WeightSplit.Load<TOrder>(address, 7)));
    }

    /// <summary>Writes the thread's sums of 16 tokens to the warp's [16 tokens][64 outputs].</summary>
    /// <param name="to">Shared memory.</param>
    /// <param name="warp">Where the warp's begin.</param>
    /// <param name="pitch">Floats of a row.</param>
    /// <param name="half">Which 16 tokens.</param>
    public void Store(ArrayView<float> to, int warp, int pitch, int half)
    {
        int first = warp + (Tile.Lane / 4 * pitch) + (Tile.Lane % 4 * 2);
        _s0.Store(to, first, pitch, half);
        _s1.Store(to, first + 8, pitch, half);
        _s2.Store(to, first + 16, pitch, half);
        _s3.Store(to, first + 24, pitch, half);
        _s4.Store(to, first + 32, pitch, half);
        _s5.Store(to, first + 40, pitch, half);
        _s6.Store(to, first + 48, pitch, half);
        _s7.Store(to, first + 56, pitch, half);
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
    public ColumnSums Add(InputFragment upper, InputFragment lower, Fragment weights)
    {
        var u = Instructions.MultiplyAdd(_upper, upper.Low, weights.V0, weights.V1);
        var l = Instructions.MultiplyAdd(_lower, lower.Low, weights.V0, weights.V1);
        u = Instructions.MultiplyAdd(u, upper.High, weights.V2, weights.V3);
        l = Instructions.MultiplyAdd(l, lower.High, weights.V2, weights.V3);
        u = Instructions.MultiplyAdd(u, upper.High, weights.V0, weights.V1);
        l = Instructions.MultiplyAdd(l, lower.High, weights.V0, weights.V1);
        return new ColumnSums(u, l);
    }

    public void Store(ArrayView<float> to, int first, int pitch, int half)
    {
        var sums = half == 0 ? _upper : _lower;
        to[first] = sums.V0;
        to[first + 1] = sums.V1;
        to[first + (8 * pitch)] = sums.V2;
        to[first + (8 * pitch) + 1] = sums.V3;
    }
}

/// <summary>What a thread holds of 16 tokens by 16 inputs, in two parts.</summary>
internal readonly struct InputFragment(Fragment high, Fragment low)
{
    private const int QuadsOfRow = Tile.Depth / 4;

    public readonly Fragment High = high;
    public readonly Fragment Low = low;

    /// <summary>Reads and splits the thread's inputs: four of two rows, 8 apart.</summary>
    public static InputFragment Read(int buffer, int row)
    {
        var quads = SharedMemory.GetDynamic<Quad>();
        int first = (Tile.InputsAt(buffer) / 4) + ((row + (Tile.Lane / 4)) * QuadsOfRow) + (Tile.Lane % 4);
        var upper = quads[first];
        var lower = quads[first + (8 * QuadsOfRow)];
        var a0 = BFloat16Pair.Of(upper.V0, upper.V1);
        var a1 = BFloat16Pair.Of(lower.V0, lower.V1);
        var a2 = BFloat16Pair.Of(upper.V2, upper.V3);
        var a3 = BFloat16Pair.Of(lower.V2, lower.V3);
        return new InputFragment(new Fragment(a0.High, a1.High, a2.High, a3.High), new Fragment(a0.Low, a1.Low, a2.Low, a3.Low));
    }
}
