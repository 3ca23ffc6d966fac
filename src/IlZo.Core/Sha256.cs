using System.Buffers.Binary;
using System.Numerics;

namespace IlZo;

/// <summary>
/// SHA-256 of what is appended. The framework's calls OpenSSL, a native library that a machine need not have, and ends the process where it
/// is missing. Source: FIPS 180-4, sections 5.1.1, 5.3.3 and 6.2.
/// </summary>
internal sealed class Sha256
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = 32;

    private const int BlockBytes = 64;
    private const int LengthBytes = 8;

    private static readonly uint[] s_constants = Fractions(64, Math.Cbrt);

    private readonly uint[] _state = Fractions(8, Math.Sqrt);
    private readonly byte[] _pending = new byte[BlockBytes];
    private long _length;

    private int Pending => (int)(_length % BlockBytes);

    /// <summary>The hash of some bytes.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> data)
    {
        var hash = new Sha256();
        hash.Append(data);
        return hash.Finish();
    }

    /// <summary>Adds bytes to what is hashed.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        int pending = Pending;
        _length += data.Length;
        if (pending > 0)
        {
            int count = Math.Min(BlockBytes - pending, data.Length);
            data[..count].CopyTo(_pending.AsSpan(pending));
            data = data[count..];
            if (pending + count < BlockBytes)
            {
                return;
            }

            Compress(_pending);
        }

        for (; data.Length >= BlockBytes; data = data[BlockBytes..])
        {
            Compress(data);
        }

        data.CopyTo(_pending);
    }

    /// <summary>The hash; nothing may be appended afterwards.</summary>
    public byte[] Finish()
    {
        ulong bits = (ulong)_length * 8;
        Span<byte> padding = stackalloc byte[BlockBytes + LengthBytes];
        padding.Clear();
        padding[0] = 0x80;
        int zeros = (BlockBytes + BlockBytes - 1 - LengthBytes - Pending) % BlockBytes;
        BinaryPrimitives.WriteUInt64BigEndian(padding[(1 + zeros)..], bits);
        Append(padding[..(1 + zeros + LengthBytes)]);
        byte[] hash = new byte[Size];
        for (int i = 0; i < _state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash.AsSpan(4 * i), _state[i]);
        }

        return hash;
    }

    // The first 32 bits of the fractional parts of the roots of the first primes, which fp64 holds to a few bits more.
    private static uint[] Fractions(int count, Func<double, double> root)
    {
        uint[] fractions = new uint[count];
        for (int i = 0, n = 2; i < count; n++)
        {
            if (Enumerable.Range(2, n - 2).All(d => n % d != 0))
            {
                double r = root(n);
                fractions[i++] = (uint)((r - Math.Floor(r)) * (1L << 32));
            }
        }

        return fractions;
    }

    private void Compress(ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[64];
        for (int i = 0; i < 16; i++)
        {
            w[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(4 * i)..]);
        }

        for (int i = 16; i < w.Length; i++)
        {
            uint s0 = BitOperations.RotateRight(w[i - 15], 7) ^ BitOperations.RotateRight(w[i - 15], 18) ^ (w[i - 15] >> 3);
            uint s1 = BitOperations.RotateRight(w[i - 2], 17) ^ BitOperations.RotateRight(w[i - 2], 19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }

        uint a = _state[0], b = _state[1], c = _state[2], d = _state[3], e = _state[4], f = _state[5], g = _state[6], h = _state[7];
        for (int i = 0; i < w.Length; i++)
        {
            uint s1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint t1 = h + s1 + ((e & f) ^ (~e & g)) + s_constants[i] + w[i];
            uint s0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }

        _state[0] += a;
        _state[1] += b;
        _state[2] += c;
        _state[3] += d;
        _state[4] += e;
        _state[5] += f;
        _state[6] += g;
        _state[7] += h;
    }
}
