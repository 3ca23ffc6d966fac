using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Noise;

/// <summary>What random numbers are used for. A stream is never used for two purposes.</summary>
public enum NoiseStream : byte
{
    /// <summary>The direction a probe goes in.</summary>
    Direction = 0,

    /// <summary>Which parts of a model a step perturbs.</summary>
    Mask = 1,

    /// <summary>Random factors of the perturbation radius.</summary>
    Radius = 2,

    /// <summary>Directions in the space of scales of whole tensors.</summary>
    Projection = 3,

    /// <summary>The factor of low-rank directions that is kept for many steps.</summary>
    LazyFactor = 4,

    /// <summary>The factor of low-rank directions that is new in every step.</summary>
    FreshFactor = 5,

    /// <summary>The start values of what an optimizer learns.</summary>
    Initialization = 6,

    /// <summary>The bits that decide stochastic rounding of 16-bit weights.</summary>
    StochasticRounding = 7,

    /// <summary>The order in which training examples are visited.</summary>
    DataOrder = 8,

    /// <summary>The choice of tokens when text is generated.</summary>
    Sampling = 9,

    /// <summary>The start values of adapters.</summary>
    Adapter = 10,

    /// <summary>The combinations of settings that a sweep tries.</summary>
    Sweep = 11,
}

/// <summary>
/// Names one noise field: a random number for every element of every tensor. The number of an element depends on this
/// key, the tensor and the element's row and column alone.
/// </summary>
/// <remarks>
/// Philox counter: word 0 = low 32 bits of the block index; word 1 = tensor (upper 16 bits) and bits 32–47 of the block
/// index; word 2 = step; word 3 = stream (upper 8 bits) and query (24 bits). The key is the run's seed.
/// A block gives eight 16-bit numbers; see <see cref="NoiseField"/> for how elements map to them.
/// </remarks>
/// <param name="Seed">The run's seed.</param>
/// <param name="Stream">What the numbers are for.</param>
/// <param name="Step">The training step.</param>
/// <param name="Query">Which of a step's directions; below 2²⁴.</param>
public readonly record struct NoiseKey(ulong Seed, NoiseStream Stream, uint Step, uint Query)
{
    internal uint Word3 => ((uint)Stream << 24) | (Query & 0xFFFFFF);

    internal static uint Word1(int tensor, long block) => ((uint)tensor << 16) | (uint)((block >> 32) & 0xFFFF);

    /// <summary>A uniform 32-bit word: number <paramref name="index"/> of a plain sequence in this field.</summary>
    public uint Word(long index)
    {
        long block = index >> 2;
        var words = Philox4x32.Block(Seed, (uint)block, Word1(0, block), Step, Word3);
        return (index & 3) switch
        {
            0 => words.W0,
            1 => words.W1,
            2 => words.W2,
            _ => words.W3,
        };
    }

    /// <summary>A number that is uniform on (0, 1): the midpoint of the interval that <see cref="Word"/> names.</summary>
    public double Uniform(long index) => (Word(index) + 0.5) * (1.0 / 4294967296);
}
