using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="Update"/> takes.</summary>
public struct UpdateArguments<TDirection>
    where TDirection : struct, IDirection
{
    public WeightView Weights;
    public int Rows;
    public int Columns;

    /// <summary>The threads of a group along a row are this power of two: its blocks are a multiple of them.</summary>
    public int WidthPower;

    /// <summary>The gradient estimate.</summary>
    public Terms<TDirection> Gradient;

    /// <summary>Where the bits for rounding come from.</summary>
    public NoiseSource Rounding;
}

/// <summary>
/// θ ← rule(θ, Σ cᵢ δᵢ), rounded stochastically to the stored type. A thread takes a noise block, 8 elements, of every n-th row: what
/// depends on the columns is computed once. The bits are those of the update on the CPU: quotients and roots are rounded correctly on
/// both.
/// </summary>
public static class Update
{
    [KernelName(nameof(Update))]
    public static void Run<TFormat, TDirection, TRule>(UpdateArguments<TDirection> a, TRule rule)
        where TFormat : struct, IElementFormat
        where TDirection : struct, IDirection
        where TRule : struct, IRule
    {
        int threadInRow = Group.IdxX & ((1 << a.WidthPower) - 1);
        int number = (Grid.IdxX << a.WidthPower) + threadInRow;
        int rowsOfGroup = Group.DimX >> a.WidthPower;
        uint step = (uint)(Grid.DimY * rowsOfGroup);
        for (uint row = (uint)((Grid.IdxY * rowsOfGroup) + (Group.IdxX >> a.WidthPower)); row < (uint)a.Rows; row += step)
        {
            var block = NoiseBlock.InRow((int)row, number, a.Columns);
            var weights = TFormat.Read(a.Weights, block);
            var gradient = a.Gradient.Sum(block, weights);
            TFormat.Write(a.Weights, block, Eight.Of(new Updated<TRule>(block, weights, gradient, rule)), a.Rounding);
        }
    }

    private readonly struct Updated<TRule>(NoiseBlock block, Eight weights, Eight gradient, TRule rule) : IElements
        where TRule : struct, IRule
    {
        private readonly NoiseBlock _block = block;
        private readonly Eight _weights = weights;
        private readonly Eight _gradient = gradient;
        private readonly TRule _rule = rule;

        public float At(int index) => !TRule.HasNumbers || _block.Has(index)
            ? _rule.Apply(_block.Index(index), _block.Column(index), _weights.At(index), _gradient.At(index))
            : 0;
    }
}
