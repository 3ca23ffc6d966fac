using IlZo.Ptx.Instructions;

namespace IlZo.Ptx;

/// <summary>A product of a warpgroup, D[64, N] = A[64, 16] B[16, N] + D, as the text has it.</summary>
/// <param name="Name">The instruction.</param>
/// <param name="Rows">The rows of the registers D of a thread.</param>
/// <param name="Convert">What makes a number of A or B.</param>
/// <param name="Sign">The sign of A B.</param>
internal sealed record WarpgroupProduct(string Name, int[] Rows, Func<uint, float> Convert, float Sign)
{
    public int Columns => 2 * Rows.Length;
}

/// <summary>
/// The products that a warp has started as a part of its warpgroup and not waited for. Each warp computes its own 16 rows, at the wait, of
/// what shared memory holds then; until then the registers of the sums hold nothing useful (all ones, NaN as floating point).
/// </summary>
/// <remarks>
/// Registers are compared with what they held at the last fence, or are to hold while they are in flight. So writes without a fence, or
/// before the wait, are found unless they change nothing; reads without a fence are not.
/// </remarks>
internal sealed class WarpgroupProducts(PtxWarp warp)
{
    /// <summary>Warps of a warpgroup.</summary>
    public const int Warps = 4;

    private readonly List<Pending> _pending = [];
    private ulong[]? _fenced;
    private int _group;

    /// <summary>A number that is the same in warps that started the same products of the same matrices.</summary>
    public int Trace { get; private set; }

    private int FirstRow => warp.Number % Warps * FragmentSums.Rows;

    /// <summary>Lets products that follow use registers that were written before.</summary>
    public void Fence() => _fenced = warp.CopyOfRegisters();

    /// <summary>Starts a product.</summary>
    /// <param name="product">The product.</param>
    /// <param name="a">A.</param>
    /// <param name="b">B, a row for each of its columns.</param>
    /// <param name="adds">Whether it is added to what is there.</param>
    public void Start(WarpgroupProduct product, SharedMatrix a, SharedMatrix b, bool adds)
    {
        a.Require(warp.Memory, FirstRow, FragmentSums.Rows);
        b.Require(warp.Memory, 0, product.Columns);
        float[] sums = SumsInFlight(product) ?? Take(product);
        _pending.Add(new Pending(product, a, b, adds, sums, _group));
        Trace = HashCode.Combine(Trace, product, a.Descriptor, b.Descriptor, adds);
    }

    /// <summary>Makes what was started a group.</summary>
    public void Commit() => _group++;

    /// <summary>Finishes all groups but the latest ones.</summary>
    public void Wait(int except)
    {
        int finished = _group - except;
        foreach (var pending in _pending.Where(p => p.Group < finished))
        {
            RequireUnwritten(pending.Product);
            Compute(pending);
        }

        foreach (var pending in _pending.Where(p => p.Group < finished && !_pending.Any(q => q.Group >= finished && q.Sums == p.Sums)))
        {
            Give(pending);
        }

        _pending.RemoveAll(p => p.Group < finished);
    }

    /// <summary>Checks at the end that nothing is in flight, and that another warp of the warpgroup has started the same.</summary>
    public void End(WarpgroupProducts first)
    {
        if (_pending.Count > 0)
        {
            throw new PtxException($"The kernel ends without a wait for '{_pending[0].Product.Name}'.");
        }

        if (Trace != first.Trace)
        {
            throw new PtxException("The warps of a warpgroup have executed different 'wgmma.mma_async'.");
        }
    }

    // The sums of products in flight on the same registers.
    private float[]? SumsInFlight(WarpgroupProduct product)
    {
        foreach (var pending in _pending)
        {
            if (pending.Product.Rows.AsSpan().SequenceEqual(product.Rows))
            {
                RequireUnwritten(product);
                return pending.Sums;
            }

            if (pending.Product.Rows.Intersect(product.Rows).Any())
            {
                throw new PtxException($"Some of its registers, but not the same, are those of '{pending.Product.Name}' in flight.");
            }
        }

        return null;
    }

    private float[] Take(WarpgroupProduct product)
    {
        float[] sums = new float[FragmentSums.Rows * product.Columns];
        for (int i = 0; i < product.Rows.Length; i++)
        {
            var row = warp.Row(product.Rows[i]);
            RequireFenced(product.Rows[i], row);
            for (int lane = 0; lane < PtxWarp.Size; lane++)
            {
                sums[FragmentSums.Place(lane, i, product.Columns)] = Bits.To<float>(row[lane]);
            }

            row.Fill(uint.MaxValue);
        }

        return sums;
    }

    private void Compute(Pending pending)
    {
        var (product, a, b, adds, sums, _) = pending;
        Span<float> left = stackalloc float[FragmentSums.Rows * FragmentSums.Inner];
        Span<float> right = stackalloc float[FragmentSums.Inner * product.Columns];
        a.Read(warp.Memory, FirstRow, product.Convert, left, isTransposed: false);
        b.Read(warp.Memory, 0, product.Convert, right, isTransposed: true);
        foreach (ref float number in left)
        {
            number *= product.Sign;
        }

        if (!adds)
        {
            Array.Clear(sums);
        }

        FragmentSums.Add(left, right, sums);
    }

    // The next product may use the registers without a fence.
    private void Give(Pending pending)
    {
        var product = pending.Product;
        for (int i = 0; i < product.Rows.Length; i++)
        {
            var row = warp.Row(product.Rows[i]);
            for (int lane = 0; lane < PtxWarp.Size; lane++)
            {
                row[lane] = Bits.Of(pending.Sums[FragmentSums.Place(lane, i, product.Columns)]);
            }

            row.CopyTo(_fenced.AsSpan(product.Rows[i] * PtxWarp.Size));
        }
    }

    private void RequireFenced(int row, Span<ulong> values)
    {
        if (_fenced is null)
        {
            throw new PtxException("No wgmma.fence comes before it.");
        }

        // What was declared since the fence held nothing then.
        int start = row * PtxWarp.Size;
        int old = _fenced.Length;
        if (start >= old)
        {
            Array.Resize(ref _fenced, start + PtxWarp.Size);
            Array.Fill(_fenced, ulong.MaxValue, old, _fenced.Length - old);
        }

        if (!values.SequenceEqual(_fenced.AsSpan(start, PtxWarp.Size)))
        {
            throw new PtxException("Its registers were written without a wgmma.fence that follows.");
        }
    }

    private void RequireUnwritten(WarpgroupProduct product)
    {
        foreach (int row in product.Rows)
        {
            if (warp.Row(row).ContainsAnyExcept(uint.MaxValue))
            {
                throw new PtxException($"Registers were written while '{product.Name}' was in flight.");
            }
        }
    }

    private sealed record Pending(WarpgroupProduct Product, SharedMatrix A, SharedMatrix B, bool Adds, float[] Sums, int Group);
}
