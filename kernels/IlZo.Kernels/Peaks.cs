using IlZo.Kernels.TensorCores;
using IlZo.Noise;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>Four numbers that one instruction reads.</summary>
public struct FourFloats
{
    public float X;
    public float Y;
    public float Z;
    public float W;
}

/// <summary>What <see cref="Peaks.Read"/> takes.</summary>
public struct ReadArguments
{
    /// <summary>What is read: a multiple of four for each thread.</summary>
    public ArrayView<FourFloats> Source;

    /// <summary>A sum for each thread.</summary>
    public ArrayView<float> Sums;
}

/// <summary>What <see cref="Peaks.MultiplyAdd"/> takes.</summary>
public struct MultiplyAddArguments
{
    /// <summary>How often each thread does <see cref="Peaks.MultiplyAddsOfRound"/> multiply-adds.</summary>
    public int Rounds;

    public float Factor;

    public float Addend;

    /// <summary>A sum for each thread.</summary>
    public ArrayView<float> Sums;
}

/// <summary>What <see cref="Peaks.TensorMultiplyAdd"/> takes.</summary>
public struct TensorMultiplyAddArguments
{
    /// <summary>How often each warp does <see cref="Peaks.TensorProductsOfRound"/> products of matrices.</summary>
    public int Rounds;

    /// <summary>Two numbers in bfloat16: the elements of one factor. Those of the other are 1.</summary>
    public uint Factor;

    /// <summary>A sum for each thread.</summary>
    public ArrayView<float> Sums;
}

/// <summary>What <see cref="Peaks.Noise"/> takes.</summary>
public struct NoiseArguments<TDirection>
    where TDirection : struct, IDirection
{
    /// <summary>What is made of noise.</summary>
    public TDirection Direction;

    public Term Term;

    /// <summary>Blocks of eight elements, of the first row.</summary>
    public long Blocks;

    /// <summary>A sum for each thread.</summary>
    public ArrayView<float> Sums;
}

/// <summary>
/// What a device can do at best, for benchmarks: reading, multiplying and adding on either kind of units, and making noise, each without
/// the others. A thread writes one number, so that nothing can be left out.
/// </summary>
public static class Peaks
{
    /// <summary>Multiply-adds of a thread in a round: eight chains that do not wait for each other, eight links each.</summary>
    public const int MultiplyAddsOfRound = 64;

    /// <summary>
    /// Products of matrices, 16 by 16 with 16 by 8, of a warp in a round: eight chains that do not wait for each other, four links each.
    /// </summary>
    public const int TensorProductsOfRound = 32;

    /// <summary>Threads of a group that does them.</summary>
    public const int TensorThreads = 256;

    /// <summary>Multiply-adds of tensor cores in a round, for each thread of the warp.</summary>
    public const int TensorMultiplyAddsOfRound = TensorProductsOfRound * 16 * 16 * 8 / 32;

    /// <summary>Sums memory, four reads of 16 bytes under way in each thread.</summary>
    [KernelName("Peaks_Read")]
    public static void Read(ReadArguments a)
    {
        long thread = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        long threads = (long)Grid.DimX * Group.DimX;
        float sum = 0;
        for (long i = thread; i < a.Source.Length; i += 4 * threads)
        {
            var first = a.Source[i];
            var second = a.Source[i + threads];
            var third = a.Source[i + (2 * threads)];
            var fourth = a.Source[i + (3 * threads)];
            sum += Sum(first) + Sum(second) + (Sum(third) + Sum(fourth));
        }

        a.Sums[thread] = sum;
    }

    /// <summary>v ← v · factor + addend in registers alone.</summary>
    [KernelName("Peaks_MultiplyAdd")]
    public static void MultiplyAdd(MultiplyAddArguments a)
    {
        long thread = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        var chains = new Chains(0, 1, 2, 3, 4, 5, 6, Group.IdxX);
        for (int round = 0; round < a.Rounds; round++)
        {
            chains = chains.Next(a.Factor, a.Addend).Next(a.Factor, a.Addend).Next(a.Factor, a.Addend).Next(a.Factor, a.Addend)
                .Next(a.Factor, a.Addend).Next(a.Factor, a.Addend).Next(a.Factor, a.Addend).Next(a.Factor, a.Addend);
        }

        a.Sums[thread] = chains.Sum;
    }

    /// <summary>C ← C + A·B in bfloat16 with sums in fp32, by tensor cores, in registers alone. Groups are of whole warps.</summary>
    [KernelName("Peaks_TensorMultiplyAdd")]
    public static void TensorMultiplyAdd(TensorMultiplyAddArguments a)
    {
        long thread = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        const uint Ones = 0x3F803F80;
        var left = new Fragment(Ones, Ones, Ones, Ones);
        var chains = new TensorChains(First(0), First(1), First(2), First(3), First(4), First(5), First(6), First(Group.IdxX));
        for (int round = 0; round < a.Rounds; round++)
        {
            chains = chains.Next(left, a.Factor).Next(left, a.Factor).Next(left, a.Factor).Next(left, a.Factor);
        }

        a.Sums[thread] = chains.Sum;
    }

    /// <summary>Sums the elements of noise blocks.</summary>
    [KernelName("Peaks_Noise")]
    public static void Noise<TDirection>(NoiseArguments<TDirection> a)
        where TDirection : struct, IDirection
    {
        long thread = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        long threads = (long)Grid.DimX * Group.DimX;
        float sum = 0;
        for (long block = thread; block < a.Blocks; block += threads)
        {
            var place = new NoiseBlock(
                0, (int)(block / NoiseField.BlocksPerGroup), (int)(block % NoiseField.BlocksPerGroup), NoiseField.Group);
            var elements = a.Direction.Elements(a.Term, place, default);
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                sum += elements.At(i);
            }
        }

        a.Sums[thread] = sum;
    }

    // Chains that begin with the same numbers would be one.
    private static Quad First(float value) => new(value, 0, 0, 0);

    private static float Sum(FourFloats v) => v.X + v.Y + (v.Z + v.W);

    private readonly struct Chains(float v0, float v1, float v2, float v3, float v4, float v5, float v6, float v7)
    {
        private readonly float _v0 = v0;
        private readonly float _v1 = v1;
        private readonly float _v2 = v2;
        private readonly float _v3 = v3;
        private readonly float _v4 = v4;
        private readonly float _v5 = v5;
        private readonly float _v6 = v6;
        private readonly float _v7 = v7;

        public float Sum => _v0 + _v1 + (_v2 + _v3) + (_v4 + _v5 + (_v6 + _v7));

        public Chains Next(float factor, float addend) => new(
            DeviceMath.FusedMultiplyAdd(_v0, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v1, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v2, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v3, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v4, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v5, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v6, factor, addend),
            DeviceMath.FusedMultiplyAdd(_v7, factor, addend));
    }

    private readonly struct TensorChains(Quad v0, Quad v1, Quad v2, Quad v3, Quad v4, Quad v5, Quad v6, Quad v7)
    {
        private readonly Quad _v0 = v0;
        private readonly Quad _v1 = v1;
        private readonly Quad _v2 = v2;
        private readonly Quad _v3 = v3;
        private readonly Quad _v4 = v4;
        private readonly Quad _v5 = v5;
        private readonly Quad _v6 = v6;
        private readonly Quad _v7 = v7;

        public float Sum => SumOf(_v0) + SumOf(_v1) + (SumOf(_v2) + SumOf(_v3)) + (SumOf(_v4) + SumOf(_v5) + (SumOf(_v6) + SumOf(_v7)));

        public TensorChains Next(Fragment left, uint factor) => new(
            Instructions.MultiplyAddBFloat16(_v0, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v1, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v2, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v3, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v4, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v5, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v6, left, factor, factor),
            Instructions.MultiplyAddBFloat16(_v7, left, factor, factor));

        private static float SumOf(Quad v) => v.V0 + v.V1 + (v.V2 + v.V3);
    }
}
