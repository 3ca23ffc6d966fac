using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using IlZo.Arithmetic;

namespace IlZo.Noise;

/// <summary>Where a sum begins.</summary>
internal interface ISumStart
{
    /// <summary>Whether the sum is what is added, and what was there before is not read.</summary>
    static abstract bool IsFirst { get; }
}

/// <summary>A sum's first term.</summary>
internal readonly struct FirstTerm : ISumStart
{
    public static bool IsFirst => true;
}

/// <summary>A term that is added to others.</summary>
internal readonly struct FurtherTerm : ISumStart
{
    public static bool IsFirst => false;
}

/// <summary>
/// Standard normal deviates times a factor, added to what is there: they do not leave the registers. The first term is added to zero.
/// </summary>
internal unsafe struct NormalTermLanes<TStart> : INoiseLanes<NormalTermLanes<TStart>, float>
    where TStart : struct, ISumStart
{
    private NormalTransform.Table512 _table512;
    private NormalTransform.Table256 _table256;
    private Vector512<float> _factor512;
    private Vector256<float> _factor256;

    public static NormalTermLanes<TStart> Create512(float factor) => new() { _table512 = new(), _factor512 = Vector512.Create(factor) };

    public static NormalTermLanes<TStart> Create256(float factor) => new() { _table256 = new(), _factor256 = Vector256.Create(factor) };

    public static void Store(ushort bits, float* destination, float factor) => *destination = FusedArithmetic.MultiplyAdd(
        NormalTransform.FromBits(bits), factor, TStart.IsFirst ? 0 : *destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(Vector512<uint> words, float* destination)
    {
        Add(_table512.Low(words), destination);
        Add(_table512.High(words), destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(Vector256<uint> words, float* destination)
    {
        Add(_table256.Low(words), destination);
        Add(_table256.High(words), destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Add(Vector512<float> z, float* sum) =>
        Vector512.FusedMultiplyAdd(z, _factor512, TStart.IsFirst ? Vector512<float>.Zero : Vector512.Load(sum)).Store(sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Add(Vector256<float> z, float* sum) =>
        Vector256.FusedMultiplyAdd(z, _factor256, TStart.IsFirst ? Vector256<float>.Zero : Vector256.Load(sum)).Store(sum);
}

/// <summary>Rounds what is there stochastically by the bits.</summary>
internal readonly unsafe struct RoundingLanes<TFormat> : INoiseLanes<RoundingLanes<TFormat>, float>
    where TFormat : struct, IRoundedFormat
{
    private const uint Lower = 0xFFFF;

    public static RoundingLanes<TFormat> Create512(float factor) => default;

    public static RoundingLanes<TFormat> Create256(float factor) => default;

    public static void Store(ushort bits, float* destination, float factor) => *destination = TFormat.Round(*destination, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector512<uint> words, float* destination)
    {
        TFormat.Round(Vector512.Load(destination), words & Vector512.Create(Lower)).Store(destination);
        TFormat.Round(Vector512.Load(destination + 16), words >> 16).Store(destination + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(Vector256<uint> words, float* destination)
    {
        var values = Vector512.Create(Vector256.Load(destination), Vector256.Load(destination + 16));
        var rounded = TFormat.Round(values, Vector512.Create(words & Vector256.Create(Lower), words >> 16));
        rounded.GetLower().Store(destination);
        rounded.GetUpper().Store(destination + 16);
    }
}
