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

    /// <summary>The gradient estimate.</summary>
    public Terms<TDirection> Gradient;

    /// <summary>Where the bits for rounding come from.</summary>
    public NoiseSource Rounding;
}

/// <summary>
/// θ ← rule(θ, Σ cᵢ δᵢ), rounded stochastically to the stored type. A thread takes a noise block: 8 elements. The bits are those of the
/// update on the CPU: quotients and roots are rounded correctly on both.
/// </summary>
public static class Update
{
    [KernelName(nameof(Update))]
    public static void Run<TFormat, TDirection, TRule>(UpdateArguments<TDirection> a, TRule rule)
        where TFormat : struct, IElementFormat
        where TDirection : struct, IDirection
        where TRule : struct, IRule
    {
        int blocksOfRow = NoiseBlock.BlocksOfRow(a.Columns);
        long blocks = (long)a.Rows * blocksOfRow;
        for (long item = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; item < blocks; item += (long)Grid.DimX * Group.DimX)
        {
            var block = NoiseBlock.InRow((int)(item / blocksOfRow), (int)(item % blocksOfRow), a.Columns);
            var weights = WeightView.Read<TFormat>(a.Weights, block);
            Eight.ForEach(new Store<TFormat, TRule>
            {
                To = a.Weights,
                Block = block,
                Weights = weights,
                Gradient = a.Gradient.Sum(block, weights),
                Random = a.Rounding.Words(block),
                Rule = rule,
            });
        }
    }

    private struct Store<TFormat, TRule> : IElementAction
        where TFormat : struct, IElementFormat
        where TRule : struct, IRule
    {
        public WeightView To;
        public NoiseBlock Block;
        public Eight Weights;
        public Eight Gradient;
        public NoiseWords Random;
        public TRule Rule;

        public readonly void Do(int index)
        {
            if (Block.Has(index))
            {
                long at = Block.Index(index);
                TFormat.Store(To, at, Rule.Apply(at, Block.Column(index), Weights.At(index), Gradient.At(index)), Random.Bits(index));
            }
        }
    }
}
