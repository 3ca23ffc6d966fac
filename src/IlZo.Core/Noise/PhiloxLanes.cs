using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Noise;

/// <summary>Philox4x32-10 on vectors: one block in every 64-bit lane.</summary>
/// <remarks>
/// The 32×32-bit multiplication reads the lower half of each lane only, so the upper halves may hold anything between rounds
/// and a product serves as the next word without masking. The instructions of a round wait for each other; several vectors of blocks that
/// go through the rounds side by side fill that time.
/// </remarks>
internal static unsafe class PhiloxLanes
{
    /// <summary>
    /// Blocks <paramref name="block"/> … +7. In <paramref name="words"/>[0] lane 2j is word 0 of block j and lane 2j+1 word 1;
    /// <paramref name="words"/>[1] holds words 2 and 3 likewise. <paramref name="block"/> is a multiple of 8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Generate512(in NoiseKey key, int tensor, long block, Vector512<uint>* words)
    {
        var a = new Blocks512(key, tensor, block, 0);
        uint k0 = (uint)key.Seed;
        uint k1 = (uint)(key.Seed >> 32);
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            a.Round(Vector512.Create((ulong)k0), Vector512.Create((ulong)k1));
            k0 += Philox4x32.Weyl0;
            k1 += Philox4x32.Weyl1;
        }

        a.Store(words);
    }

    /// <summary>
    /// The same for blocks <paramref name="block"/> … +23, which must not carry beyond 32 bits: eight by eight, two vectors each.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GenerateThree512(in NoiseKey key, int tensor, long block, Vector512<uint>* words)
    {
        var a = new Blocks512(key, tensor, block, 0);
        var b = new Blocks512(key, tensor, block, 8);
        var c = new Blocks512(key, tensor, block, 16);
        uint k0 = (uint)key.Seed;
        uint k1 = (uint)(key.Seed >> 32);
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            var r0 = Vector512.Create((ulong)k0);
            var r1 = Vector512.Create((ulong)k1);
            a.Round(r0, r1);
            b.Round(r0, r1);
            c.Round(r0, r1);
            k0 += Philox4x32.Weyl0;
            k1 += Philox4x32.Weyl1;
        }

        a.Store(words);
        b.Store(words + 2);
        c.Store(words + 4);
    }

    /// <summary>
    /// Blocks <paramref name="block"/> … +7 on 256 bits: words 0 and 1 of the first four blocks, their words 2 and 3, and the same of the
    /// other four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Generate256(in NoiseKey key, int tensor, long block, in RoundKeys256 roundKeys, Vector256<uint>* words)
    {
        var a = new Blocks256(key, tensor, block, 0);
        var b = new Blocks256(key, tensor, block, 4);
        for (int round = 0; round < Philox4x32.Rounds; round++)
        {
            var r0 = roundKeys[2 * round];
            var r1 = roundKeys[(2 * round) + 1];
            a.Round(r0, r1);
            b.Round(r0, r1);
        }

        a.Store(words);
        b.Store(words + 2);
    }

    /// <summary>
    /// The keys of all rounds, two each, in every lane: with half as many registers as AVX-512 has, they are read from memory.
    /// </summary>
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

    // Eight blocks on their way through the rounds.
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private struct Blocks512(in NoiseKey key, int tensor, long block, ulong offset)
    {
        private Vector512<ulong> _c0 = Vector512.Create((ulong)(uint)block) + Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7)
            + Vector512.Create(offset);
        private Vector512<ulong> _c1 = Vector512.Create((ulong)NoiseKey.Word1(tensor, block));
        private Vector512<ulong> _c2 = Vector512.Create((ulong)key.Step);
        private Vector512<ulong> _c3 = Vector512.Create((ulong)key.Word3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Round(Vector512<ulong> k0, Vector512<ulong> k1)
        {
            var p0 = Avx512F.Multiply(_c0.AsUInt32(), Vector512.Create((ulong)Philox4x32.Multiplier0).AsUInt32());
            var p1 = Avx512F.Multiply(_c2.AsUInt32(), Vector512.Create((ulong)Philox4x32.Multiplier1).AsUInt32());
            _c0 = (p1 >> 32) ^ (_c1 ^ k0);
            _c1 = p1;
            _c2 = (p0 >> 32) ^ (_c3 ^ k1);
            _c3 = p0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Vector512<uint>* words)
        {
            words[0] = Combine(_c0, _c1);
            words[1] = Combine(_c2, _c3);
        }

        // The lower halves of both, side by side.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<uint> Combine(Vector512<ulong> even, Vector512<ulong> odd) =>
            Vector512.ConditionalSelect(Vector512.Create(0xFFFFFFFFul), even, odd << 32).AsUInt32();
    }

    // Four blocks.
    [method: MethodImpl(MethodImplOptions.AggressiveInlining)]
    private struct Blocks256(in NoiseKey key, int tensor, long block, ulong offset)
    {
        private Vector256<ulong> _c0 = Vector256.Create((ulong)(uint)block) + Vector256.Create(0ul, 1, 2, 3) + Vector256.Create(offset);
        private Vector256<ulong> _c1 = Vector256.Create((ulong)NoiseKey.Word1(tensor, block));
        private Vector256<ulong> _c2 = Vector256.Create((ulong)key.Step);
        private Vector256<ulong> _c3 = Vector256.Create((ulong)key.Word3);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Round(Vector256<ulong> k0, Vector256<ulong> k1)
        {
            var p0 = Avx2.Multiply(_c0.AsUInt32(), Vector256.Create((ulong)Philox4x32.Multiplier0).AsUInt32());
            var p1 = Avx2.Multiply(_c2.AsUInt32(), Vector256.Create((ulong)Philox4x32.Multiplier1).AsUInt32());
            _c0 = (p1 >> 32) ^ (_c1 ^ k0);
            _c1 = p1;
            _c2 = (p0 >> 32) ^ (_c3 ^ k1);
            _c3 = p0;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly void Store(Vector256<uint>* words)
        {
            words[0] = Combine(_c0, _c1);
            words[1] = Combine(_c2, _c3);
        }

        // The lower halves of both, side by side.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<uint> Combine(Vector256<ulong> even, Vector256<ulong> odd) =>
            Avx2.Blend(even.AsUInt32(), (odd << 32).AsUInt32(), 0b10101010);
    }
}
