using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace IlZo.Noise;

/// <summary>What becomes of 16 random bits, as a scalar and on vectors of words whose lower and upper halves are taken in turn.</summary>
internal interface INoiseLanes<TSelf>
    where TSelf : struct, INoiseLanes<TSelf>
{
    static abstract TSelf Create512();

    static abstract TSelf Create256();

    static abstract float FromBits(ushort bits);

    Vector512<float> Low(Vector512<uint> words);

    Vector512<float> High(Vector512<uint> words);

    Vector256<float> Low(Vector256<uint> words);

    Vector256<float> High(Vector256<uint> words);
}

/// <summary>Standard normal deviates.</summary>
internal struct NormalLanes : INoiseLanes<NormalLanes>
{
    private NormalTransform.Table512 _table512;
    private NormalTransform.Table256 _table256;

    public static NormalLanes Create512() => new() { _table512 = new() };

    public static NormalLanes Create256() => new() { _table256 = new() };

    public static float FromBits(ushort bits) => NormalTransform.FromBits(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> Low(Vector512<uint> words) => _table512.Low(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> High(Vector512<uint> words) => _table512.High(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector256<float> Low(Vector256<uint> words) => _table256.Low(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector256<float> High(Vector256<uint> words) => _table256.High(words);
}

/// <summary>Their signs.</summary>
internal readonly struct SignLanes : INoiseLanes<SignLanes>
{
    private const uint Sign = 0x80000000;
    private const uint One = 0x3F800000;

    public static SignLanes Create512() => default;

    public static SignLanes Create256() => default;

    public static float FromBits(ushort bits) => (bits & 0x8000) == 0 ? 1 : -1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Low(Vector512<uint> words) => High(words << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> High(Vector512<uint> words) => ((words & Vector512.Create(Sign)) | Vector512.Create(One)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> Low(Vector256<uint> words) => High(words << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<float> High(Vector256<uint> words) => ((words & Vector256.Create(Sign)) | Vector256.Create(One)).AsSingle();
}
