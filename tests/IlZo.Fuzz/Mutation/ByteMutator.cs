using System.Buffers.Binary;
using System.Text;

namespace IlZo.Fuzz.Mutation;

/// <summary>Changes bytes without a look at what they mean, but for words that the format knows.</summary>
/// <param name="words">Words of the format.</param>
internal sealed class ByteMutator(params string[] words) : IMutator
{
    private readonly byte[][] _words = [.. words.Select(Encoding.UTF8.GetBytes)];

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        int at = random.Next(input.Length + 1);
        int length = Math.Min(input.Length - at, Length(random));
        switch (random.Next(10))
        {
            case 0 when input.Length > 0:
                return Change(input, random.Next(input.Length), b => (byte)(b ^ (1 << random.Next(8))));
            case 1 when input.Length > 0:
                return Change(input, random.Next(input.Length), _ => (byte)random.Next(256));
            case 2:
                return Splice(input, at, length, []);
            case 3:
                return Splice(input, at, 0, input.AsSpan(at, length));
            case 4:
                return Splice(input, at, random.Next(2) * length, Part(random, other));
            case 5 when input.Length >= 8:
                return Integer(random, input);
            case 6:
                return Splice(input, at, random.Next(2) * length, Interesting.Bytes(random));
            case 7:
                return Splice(input, at, 0, Repeated(random, Part(random, input)));
            case 8:
                return Splice(input, at, random.Next(2) * length, Encoding.UTF8.GetBytes(Interesting.Number(random)));
            default:
                return Splice(
                    input, at, random.Next(2) * length, _words.Length > 0 ? _words[random.Next(_words.Length)] : Part(random, other));
        }
    }

    /// <summary>Replaces a part.</summary>
    public static byte[] Splice(ReadOnlySpan<byte> input, int at, int length, ReadOnlySpan<byte> by) =>
        [.. input[..at], .. by, .. input[(at + length)..]];

    private static int Length(Random random) => 1 + random.Next(1 << random.Next(9));

    private static ReadOnlySpan<byte> Part(Random random, byte[] input)
    {
        int at = random.Next(input.Length + 1);
        return input.AsSpan(at, Math.Min(input.Length - at, Length(random)));
    }

    private static byte[] Repeated(Random random, ReadOnlySpan<byte> part)
    {
        byte[] result = new byte[part.Length * (1 + random.Next(1 << random.Next(10)))];
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = part[i % part.Length];
        }

        return result.Length <= 1 << 12 ? result : result[..(1 << 12)];
    }

    private static byte[] Change(byte[] input, int at, Func<byte, byte> change)
    {
        byte[] changed = [.. input];
        changed[at] = change(changed[at]);
        return changed;
    }

    private static byte[] Integer(Random random, byte[] input)
    {
        byte[] changed = [.. input];
        long value = Interesting.Integer(random);
        var place = changed.AsSpan(random.Next(input.Length - 7));
        switch (random.Next(3))
        {
            case 0:
                BinaryPrimitives.WriteInt16LittleEndian(place, unchecked((short)value));
                break;
            case 1:
                BinaryPrimitives.WriteInt32LittleEndian(place, unchecked((int)value));
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(place, value);
                break;
        }

        return changed;
    }
}
