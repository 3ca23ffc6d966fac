using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>
/// NF4: 64 elements, an fp32 scale and 32 bytes, the upper half of each being the earlier element; w = scale · level, rounded once. The
/// levels are those of Dettmers et al. 2023 (arXiv 2305.14314, appendix E), in fp32.
/// </summary>
internal readonly unsafe struct NormalFloatFormat : IOneScaleFormat
{
    // The two elements of each byte.
    private static readonly float[] s_pairs = Pairs();

    /// <summary>The 16 levels, ascending, from −1 to 1.</summary>
    public static ReadOnlySpan<float> Levels =>
    [
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
    ];

    public static int Elements => 64;

    public static int Bytes => 36;

    public static float LargestCode => 1;

    public static float Scale(byte* block) => Unsafe.ReadUnaligned<float>(block);

    public static bool TrySetScale(byte* block, float scale)
    {
        Unsafe.WriteUnaligned(block, scale);
        return float.IsFinite(scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => Read<TVector, TSimd>(block, Scale(block), run, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TVector, TSimd>(byte* block, float scale, int run, float* to)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        byte* codes = block + sizeof(float) + (run * (IBlockFormat.Run / 2));
        float[] pairs = s_pairs;
        for (int i = 0; i < IBlockFormat.Run / 2; i++)
        {
            to[2 * i] = pairs[2 * codes[i]];
            to[(2 * i) + 1] = pairs[(2 * codes[i]) + 1];
        }

        var factor = TSimd.Broadcast(scale);
        for (int i = 0; i < IBlockFormat.Run; i += TSimd.Width)
        {
            TSimd.Store(TSimd.Multiply(TSimd.Load(to + i), factor), to + i);
        }
    }

    private static float[] Pairs()
    {
        float[] pairs = new float[512];
        for (int code = 0; code < 256; code++)
        {
            pairs[2 * code] = Levels[code >> 4];
            pairs[(2 * code) + 1] = Levels[code & 15];
        }

        return pairs;
    }
}
