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

    /// <summary>The elements of a block; 0 for those that the tensor does not have.</summary>
    public static Eight Read<TFormat>(WeightView weights, NoiseBlock block)
        where TFormat : struct, IWeightFormat => Eight.Of(new Stored<TFormat>(weights, block));

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

    /// <summary>An element of a matrix in global memory, whose rows are whole blocks.</summary>
    static abstract float Load(WeightView weights, long index);

    /// <summary>An element in shared memory.</summary>
    static abstract float LoadShared(WeightView weights, int index);
}

/// <summary>How weights are stored that training changes: elements have an address each.</summary>
public interface IElementFormat : IWeightFormat
{
    /// <summary>Stores a number, rounded with 16 random bits where it must be.</summary>
    static abstract void Store(WeightView weights, long index, float value, uint random);
}

/// <summary>IEEE binary32.</summary>
public readonly struct F32Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(float);

    public static WeightView Shared(int first, int count) =>
        new(SharedMemory.GetDynamic<float>().SubView(first, count), ArrayView<ushort>.Empty);

    public static float Load(WeightView weights, long index) => weights.Wide[index];

    public static float LoadShared(WeightView weights, int index) => weights.Wide[index];

    public static void Store(WeightView weights, long index, float value, uint random) => weights.Wide[index] = value;
}

/// <summary>IEEE binary16.</summary>
public readonly struct F16Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(ushort);

    public static WeightView Shared(int first, int count) =>
        new(ArrayView<float>.Empty, SharedMemory.GetDynamic<ushort>().SubView(first, count));

    // The exponent and the fraction move to their places in binary32, and a multiplication repairs the bias, subnormal numbers included.
    public static float Load(WeightView weights, long index) => Widen(weights.Narrow[index]);

    public static float LoadShared(WeightView weights, int index) => Widen(weights.Narrow[index]);

    internal static float Widen(ushort half)
    {
        int bits = (short)half << 13;
        return BitConverter.Int32BitsToSingle(bits & unchecked((int)Widening.HalfMask)) * Widening.HalfScale;
    }

    public static void Store(WeightView weights, long index, float value, uint random) =>
        weights.Narrow[index] = StochasticRounding.Round(DType.F16, value, (ushort)random);
}

/// <summary>bfloat16: the upper half of a binary32.</summary>
public readonly struct BF16Format : IElementFormat
{
    public static bool IsBlocked => false;

    public static int Size => sizeof(ushort);

    public static WeightView Shared(int first, int count) =>
        new(ArrayView<float>.Empty, SharedMemory.GetDynamic<ushort>().SubView(first, count));

    public static float Load(WeightView weights, long index) => BitConverter.Int32BitsToSingle(weights.Narrow[index] << 16);

    public static float LoadShared(WeightView weights, int index) => BitConverter.Int32BitsToSingle(weights.Narrow[index] << 16);

    public static void Store(WeightView weights, long index, float value, uint random) =>
        weights.Narrow[index] = StochasticRounding.Round(DType.BF16, value, (ushort)random);
}
