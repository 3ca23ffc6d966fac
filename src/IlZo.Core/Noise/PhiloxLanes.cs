using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Noise;

/// <summary>Philox4x32-10 on vectors: one block in every 64-bit lane.</summary>
/// <remarks>
/// The 32×32-bit multiplication reads the lower half of each lane only, so the upper halves may hold anything between rounds
/// and a product serves as the next word without masking.
/// </remarks>
internal static class PhiloxLanes
{
    /// <summary>
    /// Blocks <paramref name="block"/> … +7. Lane 2j of <paramref name="first"/> is word 0 of block j and lane 2j+1 word 1;
    /// <paramref name="second"/> holds words 2 and 3 likewise. <paramref name="block"/> is a multiple of 8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Generate512(in NoiseKey key, int tensor, long block, out Vector512<uint> first, out Vector512<uint> second)
    {
        var m0 = Vector512.Create((ulong)Philox4x32.Multiplier0).AsUInt32();
        var m1 = Vector512.Create((ulong)Philox4x32.Multiplier1).AsUInt32();
        uint k0 = (uint)key.Seed;
        uint k1 = (uint)(key.Seed >> 32);
        var c0 = Vector512.Create((ulong)(uint)block) + Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7);
        var c1 = Vector512.Create((ulong)NoiseKey.Word1(tensor, block));
        var c2 = Vector512.Create((ulong)key.Step);
        var c3 = Vector512.Create((ulong)key.Word3);
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            var p0 = Avx512F.Multiply(c0.AsUInt32(), m0);
            var p1 = Avx512F.Multiply(c2.AsUInt32(), m1);
            c0 = (p1 >> 32) ^ c1 ^ Vector512.Create((ulong)k0);
            c1 = p1;
            c2 = (p0 >> 32) ^ c3 ^ Vector512.Create((ulong)k1);
            c3 = p0;
            k0 += Philox4x32.Weyl0;
            k1 += Philox4x32.Weyl1;
        }

        first = Combine(c0, c1);
        second = Combine(c2, c3);
    }

    /// <summary>
    /// Blocks <paramref name="block"/> … +23, eight by eight, as three interleaved chains: the instructions of a round wait for each other, and
    /// the other chains fill that time.
    /// </summary>
    /// <param name="key">The field.</param>
    /// <param name="tensor">The tensor's number.</param>
    /// <param name="block">The first block, a multiple of 8.</param>
    /// <param name="words">Receives what <see cref="Generate512"/> calls first and second, of each eight.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void GenerateThree512(in NoiseKey key, int tensor, long block, Vector512<uint>* words)
    {
        var m0 = Vector512.Create((ulong)Philox4x32.Multiplier0).AsUInt32();
        var m1 = Vector512.Create((ulong)Philox4x32.Multiplier1).AsUInt32();
        uint k0 = (uint)key.Seed;
        uint k1 = (uint)(key.Seed >> 32);
        var a0 = Vector512.Create((ulong)(uint)block) + Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7);
        var b0 = a0 + Vector512.Create(8ul);
        var c0 = a0 + Vector512.Create(16ul);
        var a1 = Vector512.Create((ulong)NoiseKey.Word1(tensor, block));
        var a2 = Vector512.Create((ulong)key.Step);
        var a3 = Vector512.Create((ulong)key.Word3);
        var b1 = a1;
        var b2 = a2;
        var b3 = a3;
        var c1 = a1;
        var c2 = a2;
        var c3 = a3;
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            var r0 = Vector512.Create((ulong)k0);
            var r1 = Vector512.Create((ulong)k1);
            var p0 = Avx512F.Multiply(a0.AsUInt32(), m0);
            var q0 = Avx512F.Multiply(b0.AsUInt32(), m0);
            var s0 = Avx512F.Multiply(c0.AsUInt32(), m0);
            var p1 = Avx512F.Multiply(a2.AsUInt32(), m1);
            var q1 = Avx512F.Multiply(b2.AsUInt32(), m1);
            var s1 = Avx512F.Multiply(c2.AsUInt32(), m1);
            a0 = (p1 >> 32) ^ (a1 ^ r0);
            b0 = (q1 >> 32) ^ (b1 ^ r0);
            c0 = (s1 >> 32) ^ (c1 ^ r0);
            a1 = p1;
            b1 = q1;
            c1 = s1;
            a2 = (p0 >> 32) ^ (a3 ^ r1);
            b2 = (q0 >> 32) ^ (b3 ^ r1);
            c2 = (s0 >> 32) ^ (c3 ^ r1);
            a3 = p0;
            b3 = q0;
            c3 = s0;
            k0 += Philox4x32.Weyl0;
            k1 += Philox4x32.Weyl1;
        }

        words[0] = Combine(a0, a1);
        words[1] = Combine(a2, a3);
        words[2] = Combine(b0, b1);
        words[3] = Combine(b2, b3);
        words[4] = Combine(c0, c1);
        words[5] = Combine(c2, c3);
    }

    /// <summary>
    /// Blocks <paramref name="block"/> … +7 on 256 bits, as two interleaved chains of four.
    /// </summary>
    /// <param name="key">The field.</param>
    /// <param name="tensor">The tensor's number.</param>
    /// <param name="block">The first block, a multiple of 8.</param>
    /// <param name="roundKeys">The keys of the field's seed.</param>
    /// <param name="words">Receives words 0 and 1 of the first four blocks, their words 2 and 3, and the same of the other four.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Generate256(in NoiseKey key, int tensor, long block, in RoundKeys256 roundKeys, Vector256<uint>* words)
    {
        var m0 = Vector256.Create((ulong)Philox4x32.Multiplier0).AsUInt32();
        var m1 = Vector256.Create((ulong)Philox4x32.Multiplier1).AsUInt32();
        var a0 = Vector256.Create((ulong)(uint)block) + Vector256.Create(0ul, 1, 2, 3);
        var b0 = a0 + Vector256.Create(4ul);
        var a1 = Vector256.Create((ulong)NoiseKey.Word1(tensor, block));
        var a2 = Vector256.Create((ulong)key.Step);
        var a3 = Vector256.Create((ulong)key.Word3);
        var b1 = a1;
        var b2 = a2;
        var b3 = a3;
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            var r0 = roundKeys[2 * round];
            var r1 = roundKeys[(2 * round) + 1];
            var p0 = Avx2.Multiply(a0.AsUInt32(), m0);
            var q0 = Avx2.Multiply(b0.AsUInt32(), m0);
            var p1 = Avx2.Multiply(a2.AsUInt32(), m1);
            var q1 = Avx2.Multiply(b2.AsUInt32(), m1);
            a0 = (p1 >> 32) ^ (a1 ^ r0);
            b0 = (q1 >> 32) ^ (b1 ^ r0);
            a1 = p1;
            b1 = q1;
            a2 = (p0 >> 32) ^ (a3 ^ r1);
            b2 = (q0 >> 32) ^ (b3 ^ r1);
            a3 = p0;
            b3 = q0;
        }

        words[0] = Combine(a0, a1);
        words[1] = Combine(a2, a3);
        words[2] = Combine(b0, b1);
        words[3] = Combine(b2, b3);
    }

    // The lower halves of both, side by side.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Combine(Vector512<ulong> even, Vector512<ulong> odd) =>
        Vector512.ConditionalSelect(Vector512.Create(0xFFFFFFFFul), even, odd << 32).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Combine(Vector256<ulong> even, Vector256<ulong> odd) =>
        Avx2.Blend(even.AsUInt32(), (odd << 32).AsUInt32(), 0b10101010);

    /// <summary>The keys of all rounds, two each, in every lane: with half as many registers as AVX-512 has, they are read from memory.</summary>
    [InlineArray(2 * Philox4x32.Rounds)]
    public struct RoundKeys256
    {
        private Vector256<ulong> _first;

        public RoundKeys256(ulong seed)
        {
            uint k0 = (uint)seed;
            uint k1 = (uint)(seed >> 32);
            for (int round = 0; round < Philox4x32.Rounds; round++)
            {
                this[2 * round] = Vector256.Create((ulong)k0);
                this[(2 * round) + 1] = Vector256.Create((ulong)k1);
                k0 += Philox4x32.Weyl0;
                k1 += Philox4x32.Weyl1;
            }
        }
    }
}
