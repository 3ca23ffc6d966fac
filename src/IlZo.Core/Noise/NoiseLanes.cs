using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace IlZo.Noise;

/// <summary>
/// What becomes of 16 random bits, as a scalar and on vectors of words, of which the lower and the upper halves are elements.
/// </summary>
internal unsafe interface INoiseLanes<TSelf, TElement>
    where TSelf : struct, INoiseLanes<TSelf, TElement>
    where TElement : unmanaged
{
    /// <param name="factor">What elements are multiplied by, where lanes do that.</param>
    static abstract TSelf Create512(float factor);

    /// <inheritdoc cref="Create512"/>
    static abstract TSelf Create256(float factor);

    /// <summary>Stores one element.</summary>
    static abstract void Store(ushort bits, TElement* destination, float factor);

    /// <summary>Stores the elements of 16 lower halves and, after them, of the upper halves.</summary>
    void Store(Vector512<uint> words, TElement* destination);

    /// <summary>Stores the elements of 8 lower halves and, 16 elements further on, of the upper halves.</summary>
    void Store(Vector256<uint> words, TElement* destination);
}

/// <summary>Standard normal deviates.</summary>
internal unsafe struct NormalLanes : INoiseLanes<NormalLanes, float>
{
    private NormalTransform.Table512 _table512;
    private NormalTransform.Table256 _table256;

    public static NormalLanes Create512(float factor) => new() { _table512 = new() };

    public static NormalLanes Create256(float factor) => new() { _table256 = new() };

    public static void Store(ushort bits, float* destination, float factor) => *destination = NormalTransform.FromBits(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(Vector512<uint> words, float* destination)
    {
        _table512.Low(words).Store(destination);
        _table512.High(words).Store(destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(Vector256<uint> words, float* destination)
    {
        _table256.Low(words).Store(destination);
        _table256.High(words).Store(destination + 16);
    }
}

/// <summary>Their signs.</summary>
internal readonly unsafe struct SignLanes : INoiseLanes<SignLanes, float>
{
    private const uint Sign = 0x80000000;
    private const uint One = 0x3F800000;

    public static SignLanes Create512(float factor) => default;

    public static SignLanes Create256(float factor) => default;

    public static void Store(ushort bits, float* destination, float factor) => *destination = (bits & 0x8000) == 0 ? 1 : -1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector512<uint> words, float* destination)
    {
        Signed(words << 16).Store(destination);
        Signed(words).Store(destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector256<uint> words, float* destination)
    {
        Signed(words << 16).Store(destination);
        Signed(words).Store(destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Signed(Vector512<uint> words) => ((words & Vector512.Create(Sign)) | Vector512.Create(One)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Signed(Vector256<uint> words) => ((words & Vector256.Create(Sign)) | Vector256.Create(One)).AsSingle();
}

/// <summary>The bits themselves.</summary>
internal readonly unsafe struct BitLanes : INoiseLanes<BitLanes, ushort>
{
    private const uint Lower = 0xFFFF;

    public static BitLanes Create512(float factor) => default;

    public static BitLanes Create256(float factor) => default;

    public static void Store(ushort bits, ushort* destination, float factor) => *destination = bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector512<uint> words, ushort* destination) =>
        Vector512.Narrow(words & Vector512.Create(Lower), words >> 16).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector256<uint> words, ushort* destination)
    {
        var halves = Vector256.Narrow(words & Vector256.Create(Lower), words >> 16);
        halves.GetLower().Store(destination);
        halves.GetUpper().Store(destination + 16);
    }
}
