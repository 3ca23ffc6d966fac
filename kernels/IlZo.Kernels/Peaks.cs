using IlZo.Noise;
using ILGPU;

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
/// What a device can do at best, for benchmarks: reading, multiplying and adding, and making noise, each without the other two. A thread writes one
/// number, so that nothing can be left out.
/// </summary>
public static class Peaks
{
    /// <summary>Multiply-adds of a thread in a round: eight chains that do not wait for each other, eight links each.</summary>
    public const int MultiplyAddsOfRound = 64;

    /// <summary>Sums memory, four reads of 16 bytes under way in each thread.</summary>
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

    /// <summary>Sums the elements of noise blocks.</summary>
    public static void Noise<TDirection>(NoiseArguments<TDirection> a)
        where TDirection : struct, IDirection
    {
        long thread = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        long threads = (long)Grid.DimX * Group.DimX;
        float sum = 0;
        for (long block = thread; block < a.Blocks; block += threads)
        {
            var place = new NoiseBlock(0, (int)(block / NoiseField.BlocksPerGroup), (int)(block % NoiseField.BlocksPerGroup), NoiseField.Group);
            var elements = a.Direction.Elements(a.Term, place, default);
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                sum += elements.At(i);
            }
        }

        a.Sums[thread] = sum;
    }

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
}
