using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Kernels.TensorCores;
using IlZo.Tensors;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>A tensor in the memory of a device; one of the views is empty.</summary>
/// <param name="wide">Elements of 32 bits.</param>
/// <param name="narrow">Elements of 16 bits, or the words of 16 bits in which blocks lie.</param>
public readonly struct WeightView(ArrayView<float> wide, ArrayView<ushort> narrow)
{
    public readonly ArrayView<float> Wide = wide;
    public readonly ArrayView<ushort> Narrow = narrow;

    /// <summary>The elements of a block, one by one; 0 for those that the tensor does not have.</summary>
    public static Eight ReadEach<TFormat>(WeightView weights, NoiseBlock block)
        where TFormat : struct, IWeightFormat => Eight.Of(new Stored<TFormat>(weights, block));

    /// <summary>Stores numbers of 16 bits, two in a word, as the elements of a block that the tensor has.</summary>
    public static void StorePairs(WeightView weights, NoiseBlock block, uint pair0, uint pair1, uint pair2, uint pair3)
    {
        if (block.IsWhole)
        {
            Pairs.Store(ref weights.Narrow[block.First], pair0, pair1, pair2, pair3);
        }
        else
        {
            Eight.ForEach(new Halves { To = weights, Block = block, Pair0 = pair0, Pair1 = pair1, Pair2 = pair2, Pair3 = pair3 });
        }
    }

    /// <summary>The address of the first element, of some bytes, in global memory.</summary>
    public ulong Address(int size) =>
        size == sizeof(float) ? Instructions.GlobalAddress(ref Wide[0]) : Instructions.GlobalAddress(ref Narrow[0]);

    /// <summary>Copies an element of some bytes; writes a zero where the index is negative.</summary>
    public void Set(int to, WeightView from, long index, int size)
    {
        if (size == sizeof(float))
        {
            Wide[to] = index < 0 ? 0 : from.Wide[index];
        }
        else
        {
            Narrow[to] = index < 0 ? (ushort)0 : from.Narrow[index];
        }
    }

    private readonly struct Stored<TFormat>(WeightView weights, NoiseBlock block) : IElements
        where TFormat : struct, IWeightFormat
    {
        private readonly WeightView _weights = weights;
        private readonly NoiseBlock _block = block;

        public float At(int index) => _block.Has(index) ? TFormat.Load(_weights, _block.Index(index)) : 0;
    }

    private struct Halves : IElementAction
    {
        public WeightView To;
        public NoiseBlock Block;
        public uint Pair0;
        public uint Pair1;
        public uint Pair2;
        public uint Pair3;

        public readonly void Do(int index)
        {
            if (Block.Has(index))
            {
                uint pair = index < 4 ? (index < 2 ? Pair0 : Pair1) : (index < 6 ? Pair2 : Pair3);
                To.Narrow[Block.Index(index)] = (ushort)(pair >> ((index & 1) * 16));
            }
        }
    }
}

/// <summary>How weights are stored. Weights are finite, which is checked at load.</summary>
public interface IWeightFormat
{
    /// <summary>Whether elements lie in blocks; in shared memory they are fp32 then.</summary>
    static abstract bool IsBlocked { get; }

    /// <summary>Bytes of an element in shared memory.</summary>
    static abstract int Size { get; }

    /// <summary>Some elements of the shared memory that the launch asked for.</summary>
    static abstract WeightView Shared(int first, int count);

    /// <summary>The elements of a noise block in global memory; 0 for those that the tensor does not have.</summary>
    static abstract Eight Read(WeightView weights, NoiseBlock block);

    /// <summary>An element of a matrix in global memory, whose rows are whole blocks.</summary>
    static abstract float Load(WeightView weights, long index);

    /// <summary>An element in shared memory.</summary>
    static abstract float LoadShared(WeightView weights, int index);
}

/// <summary>How weights are stored that training changes: elements have an address each.</summary>
public interface IElementFormat : IWeightFormat
{
    /// <summary>Stores the elements of a noise block that the tensor has, rounded with random bits where they must be.</summary>
    static abstract void Write(WeightView weights, NoiseBlock block, Eight values, NoiseSource rounding);
}

/// <summary>IEEE binary32.</summary>
public readonly struct F32Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(float);

    public static WeightView Shared(int first, int count) =>
        new(SharedMemory.GetDynamic<float>().SubView(first, count), ArrayView<ushort>.Empty);

    public static Eight Read(WeightView weights, NoiseBlock block) =>
        block.IsWhole ? Pairs.Load(ref weights.Wide[block.First]) : WeightView.ReadEach<F32Format>(weights, block);

    public static float Load(WeightView weights, long index) => weights.Wide[index];

    public static float LoadShared(WeightView weights, int index) => weights.Wide[index];

    public static void Write(WeightView weights, NoiseBlock block, Eight values, NoiseSource rounding)
    {
        if (block.IsWhole)
        {
            Pairs.Store(ref weights.Wide[block.First], values);
        }
        else
        {
            Eight.ForEach(new Store { To = weights, Block = block, Values = values });
        }
    }

    private struct Store : IElementAction
    {
        public WeightView To;
        public NoiseBlock Block;
        public Eight Values;

        public readonly void Do(int index)
        {
            if (Block.Has(index))
            {
                To.Wide[Block.Index(index)] = Values.At(index);
            }
        }
    }
}

/// <summary>IEEE binary16.</summary>
public readonly struct F16Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(ushort);

    public static WeightView Shared(int first, int count) =>
        new(ArrayView<float>.Empty, SharedMemory.GetDynamic<ushort>().SubView(first, count));

    public static Eight Read(WeightView weights, NoiseBlock block)
    {
        if (!block.IsWhole)
        {
            return WeightView.ReadEach<F16Format>(weights, block);
        }

        var (pair0, pair1, pair2, pair3) = Pairs.Load(ref weights.Narrow[block.First]);
        var (v0, v1) = Pairs.Widen(pair0);
        var (v2, v3) = Pairs.Widen(pair1);
        var (v4, v5) = Pairs.Widen(pair2);
        var (v6, v7) = Pairs.Widen(pair3);
        return new Eight(v0, v1, v2, v3, v4, v5, v6, v7);
    }

    // The exponent and the fraction move to their places in binary32, and a multiplication repairs the bias, subnormal numbers included.
    public static float Load(WeightView weights, long index) => Widen(weights.Narrow[index]);

    public static float LoadShared(WeightView weights, int index) => Widen(weights.Narrow[index]);

    internal static float Widen(ushort half)
    {
        int bits = (short)half << 13;
        return BitConverter.Int32BitsToSingle(bits & unchecked((int)Widening.HalfMask)) * Widening.HalfScale;
    }

    public static void Write(WeightView weights, NoiseBlock block, Eight values, NoiseSource rounding)
    {
        var random = rounding.Words(block);
        WeightView.StorePairs(
            weights, block, Pair(values, random, 0), Pair(values, random, 2), Pair(values, random, 4), Pair(values, random, 6));
    }

    /// <summary>What is <see cref="StochasticRounding.Round(DType, float, ushort)"/> once it is cut off to binary16.</summary>
    /// <remarks>
    /// A sum of bits is that of a number and random bits below the last one that is kept, if steps are those of its exponent. Below 2⁻¹⁴
    /// steps are larger, and the multiply-add has the larger sum; above they are smaller there, and so is its sum. Random bits as a number
    /// are multiples of 2⁻¹⁴⁹, which 2¹¹² takes to the thirteen bits below 2⁻²⁴.
    /// </remarks>
    internal static float Round(float value, uint random)
    {
        uint bits = (uint)BitConverter.SingleToInt32Bits(value);
        uint magnitude = bits & 0x7FFFFFFF;
        uint fraction = random & 0x1FFF;
        float small = DeviceMath.FusedMultiplyAdd(
            BitConverter.Int32BitsToSingle((int)fraction), Widening.HalfScale, BitConverter.Int32BitsToSingle((int)magnitude));
        uint sum = Math.Max(magnitude + fraction, (uint)BitConverter.SingleToInt32Bits(small));
        return BitConverter.Int32BitsToSingle((int)(Math.Min(sum, StochasticRounding.BeyondHalf - 1) | (bits & 0x80000000)));
    }

    private static uint Pair(Eight values, NoiseWords random, int index) => Pairs.Narrow(
        Round(values.At(index + 1), random.Shifted(index + 1)), Round(values.At(index), random.Shifted(index)));
}

/// <summary>bfloat16: the upper half of a binary32.</summary>
public readonly struct BF16Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(ushort);

    public static WeightView Shared(int first, int count) =>
        new(ArrayView<float>.Empty, SharedMemory.GetDynamic<ushort>().SubView(first, count));

    public static Eight Read(WeightView weights, NoiseBlock block)
    {
        if (!block.IsWhole)
        {
            return WeightView.ReadEach<BF16Format>(weights, block);
        }

        var (pair0, pair1, pair2, pair3) = Pairs.Load(ref weights.Narrow[block.First]);
        return new Eight(
            Lower(pair0), Upper(pair0), Lower(pair1), Upper(pair1), Lower(pair2), Upper(pair2), Lower(pair3), Upper(pair3));
    }

    public static float Load(WeightView weights, long index) => BitConverter.Int32BitsToSingle(weights.Narrow[index] << 16);

    public static float LoadShared(WeightView weights, int index) => BitConverter.Int32BitsToSingle(weights.Narrow[index] << 16);

    public static void Write(WeightView weights, NoiseBlock block, Eight values, NoiseSource rounding)
    {
        var random = rounding.Words(block);
        WeightView.StorePairs(
            weights, block, Pair(values, random, 0), Pair(values, random, 2), Pair(values, random, 4), Pair(values, random, 6));
    }

    /// <summary>What is <see cref="StochasticRounding.Round(DType, float, ushort)"/> once it is cut off to its upper half.</summary>
    internal static uint Round(float value, uint random)
    {
        uint bits = (uint)BitConverter.SingleToInt32Bits(value);
        return Math.Min((bits & 0x7FFFFFFF) + random, StochasticRounding.BeyondBFloat16 - 1) | (bits & 0x80000000);
    }

    private static uint Pair(Eight values, NoiseWords random, int index) =>
        (Round(values.At(index), random.Bits(index)) >> 16) | (Round(values.At(index + 1), random.Bits(index + 1)) & 0xFFFF0000);

    private static float Lower(uint pair) => BitConverter.Int32BitsToSingle((int)(pair << 16));

    private static float Upper(uint pair) => BitConverter.Int32BitsToSingle((int)(pair & 0xFFFF0000));
}
