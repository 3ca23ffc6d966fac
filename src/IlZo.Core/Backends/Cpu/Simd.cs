using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Backends.Cpu;

/// <summary>What a product does with the vectors it sums in.</summary>
internal unsafe interface IAccumulator<TVector>
    where TVector : struct
{
    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* destination);

    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);
}

/// <summary>The few vector operations the kernels are written in, so that one source serves every vector width.</summary>
internal unsafe interface ISimd<TVector> : IAccumulator<TVector>
    where TVector : struct
{
    static abstract int Width { get; }

    static abstract TVector Add(TVector a, TVector b);

    static abstract float Sum(TVector value);

    static abstract TVector Broadcast(float value);

    /// <summary>Widens bfloat16: the upper half of a binary32.</summary>
    static abstract TVector WidenBFloat16(ushort* source);

    /// <summary>
    /// Widens finite binary16: sign-extended and shifted, sign, exponent and fraction lie where binary32 has them, and one multiplication
    /// by 2¹¹² corrects the exponent's bias, subnormal numbers included.
    /// </summary>
    static abstract TVector WidenHalf(ushort* source);
}

internal readonly unsafe struct Simd512 : ISimd<Vector512<float>>
{
    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> value) => Vector512.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        Vector512.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WidenBFloat16(ushort* source) => (Widen(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WidenHalf(ushort* source)
    {
        var bits = (Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source)) << 13).AsUInt32() & Vector512.Create(Widening.HalfMask);
        return bits.AsSingle() * Vector512.Create(Widening.HalfScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(ushort* source) => Avx512F.ConvertToVector512UInt32(Vector256.Load(source));
}

internal readonly unsafe struct Simd256 : ISimd<Vector256<float>>
{
    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> value) => Vector256.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WidenBFloat16(ushort* source) => (Widen(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WidenHalf(ushort* source)
    {
        var bits = (Avx2.ConvertToVector256Int32(Vector128.Load((short*)source)) << 13).AsUInt32() & Vector256.Create(Widening.HalfMask);
        return bits.AsSingle() * Vector256.Create(Widening.HalfScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Widen(ushort* source) => Avx2.ConvertToVector256Int32(Vector128.Load(source)).AsUInt32();
}

/// <summary>Four lanes: Arm64's vectors, and what remains where no wider ones are there.</summary>
internal readonly unsafe struct Simd128 : ISimd<Vector128<float>>
{
    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => Vector128.Sum(value);

    // Rounded twice where the processor has no such instruction: a library function in its place would take nearly all of a step.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> WidenBFloat16(ushort* source) => (Widen(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> WidenHalf(ushort* source)
    {
        var bits = (Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsInt16()) << 13).AsUInt32() & Vector128.Create(Widening.HalfMask);
        return bits.AsSingle() * Vector128.Create(Widening.HalfScale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Widen(ushort* source) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16());
}

/// <summary>A vector that is not there: nothing is read, computed or written.</summary>
internal readonly unsafe struct NoVector<TVector> : IAccumulator<TVector>
    where TVector : struct
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(float* source) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(TVector value, float* destination)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector MultiplyAdd(TVector a, TVector b, TVector c) => c;
}
