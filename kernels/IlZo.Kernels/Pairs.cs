using System.Runtime.CompilerServices;
using IlZo.Arithmetic;
using ILGPU.IR.Intrinsics;

namespace IlZo.Kernels;

/// <summary>
/// Weights of a noise block in global memory, two neighbours at a time: the elements 0 and 1, 16 and 17, 32 and 33, 48 and 49 from the
/// first one on, which is at a multiple of the size of two. On a GPU a call is the instructions that its attribute has.
/// </summary>
public static class Pairs
{
    // Elements from one pair to the next.
    private const int Step = 16;

    private const string LoadHalvesText = "{ .reg .u64 first; cvta.to.global.u64 first, %4; ld.global.b32 %0, [first]; "
        + "ld.global.b32 %1, [first+32]; ld.global.b32 %2, [first+64]; ld.global.b32 %3, [first+96]; }";

    private const string StoreHalvesText = "{ .reg .u64 first; cvta.to.global.u64 first, %0; st.global.b32 [first], %1; "
        + "st.global.b32 [first+32], %2; st.global.b32 [first+64], %3; st.global.b32 [first+96], %4; }";

    private const string LoadSinglesText = "{ .reg .u64 first; cvta.to.global.u64 first, %8; ld.global.v2.f32 {%0, %1}, [first]; "
        + "ld.global.v2.f32 {%2, %3}, [first+64]; ld.global.v2.f32 {%4, %5}, [first+128]; ld.global.v2.f32 {%6, %7}, [first+192]; }";

    private const string StoreSinglesText = "{ .reg .u64 first; cvta.to.global.u64 first, %0; st.global.v2.f32 [first], {%1, %2}; "
        + "st.global.v2.f32 [first+64], {%3, %4}; st.global.v2.f32 [first+128], {%5, %6}; st.global.v2.f32 [first+192], {%7, %8}; }";

    private const string WidenText =
        "{ .reg .b16 lower, upper; mov.b32 {lower, upper}, %2; cvt.f32.f16 %0, lower; cvt.f32.f16 %1, upper; }";

    // One by one: devices before compute capability 8.0 have no instruction for two.
    private const string NarrowText =
        "{ .reg .b16 lower, upper; cvt.rz.f16.f32 upper, %1; cvt.rz.f16.f32 lower, %2; mov.b32 %0, {lower, upper}; }";

    /// <summary>Four words of two numbers of 16 bits each, the first one in the lower half.</summary>
    [IntrinsicImplementation]
    [Instruction(LoadHalvesText)]
    public static (uint Pair0, uint Pair1, uint Pair2, uint Pair3) Load(ref ushort first) =>
        (Word(ref first, 0), Word(ref first, 1), Word(ref first, 2), Word(ref first, 3));

    /// <summary>Stores what <see cref="Load(ref ushort)"/> reads.</summary>
    [IntrinsicImplementation]
    [Instruction(StoreHalvesText)]
    public static void Store(ref ushort first, uint pair0, uint pair1, uint pair2, uint pair3)
    {
        Word(ref first, 0) = pair0;
        Word(ref first, 1) = pair1;
        Word(ref first, 2) = pair2;
        Word(ref first, 3) = pair3;
    }

    /// <summary>Eight numbers of 32 bits.</summary>
    [IntrinsicImplementation]
    [Instruction(LoadSinglesText)]
    public static Eight Load(ref float first) => new(
        first, Unsafe.Add(ref first, 1), Unsafe.Add(ref first, Step), Unsafe.Add(ref first, Step + 1), Unsafe.Add(ref first, 2 * Step),
        Unsafe.Add(ref first, (2 * Step) + 1), Unsafe.Add(ref first, 3 * Step), Unsafe.Add(ref first, (3 * Step) + 1));

    /// <summary>Stores what <see cref="Load(ref float)"/> reads.</summary>
    [IntrinsicImplementation]
    [Instruction(StoreSinglesText)]
    public static void Store(ref float first, Eight values)
    {
        for (int i = 0; i < NoiseWords.Count; i++)
        {
            Unsafe.Add(ref first, NoiseWords.Column(0, i)) = values.At(i);
        }
    }

    /// <summary>The fp32 of two numbers of binary16 in a word, which are finite.</summary>
    [IntrinsicImplementation]
    [Instruction(WidenText)]
    public static (float Lower, float Upper) Widen(uint pair) => (F16Format.Widen((ushort)pair), F16Format.Widen((ushort)(pair >> 16)));

    /// <summary>Two numbers below 2¹⁶ in magnitude as binary16 in a word; the bits that it does not have are cut off.</summary>
    [IntrinsicImplementation]
    [Instruction(NarrowText)]
    public static uint Narrow(float upper, float lower) => (CutOff(upper) << 16) | CutOff(lower);

    private static ref uint Word(ref ushort first, int pair) => ref Unsafe.As<ushort, uint>(ref Unsafe.Add(ref first, pair * Step));

    private static uint CutOff(float value)
    {
        uint bits = (uint)BitConverter.SingleToInt32Bits(value);
        uint magnitude = bits & 0x7FFFFFFF;
        uint half = magnitude < StochasticRounding.SmallestNormalHalf
            ? (uint)(BitConverter.Int32BitsToSingle((int)magnitude) * 16777216f)
            : (magnitude - 0x38000000) >> 13;
        return ((bits >> 16) & 0x8000) | half;
    }
}
