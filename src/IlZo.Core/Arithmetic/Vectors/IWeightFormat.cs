using System.Runtime.CompilerServices;

namespace IlZo.Arithmetic.Vectors;

/// <summary>How stored weights become vectors of fp32.</summary>
internal unsafe interface IWeightFormat<TVector>
    where TVector : struct
{
    static abstract int Size { get; }

    static abstract TVector Load(byte* source);
}

internal readonly unsafe struct F32Format<TVector, TSimd> : IWeightFormat<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    public static int Size => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TSimd.Load((float*)source);
}

internal readonly unsafe struct F16Format<TVector, TSimd> : IWeightFormat<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TSimd.WidenHalf((ushort*)source);
}

internal readonly unsafe struct BF16Format<TVector, TSimd> : IWeightFormat<TVector>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    public static int Size => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load(byte* source) => TSimd.WidenBFloat16((ushort*)source);
}
