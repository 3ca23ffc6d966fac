using System.Buffers.Binary;
using System.IO.Hashing;

namespace IlZo.Fuzz.Mutation;

/// <summary>Changes bytes that end in their CRC-32: with a checksum that fits most of the time, or without.</summary>
/// <param name="words">Words that the bytes are likely to have.</param>
internal sealed class ChecksumMutator(params string[] words) : IMutator
{
    private readonly ByteMutator _bytes = new(words);

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        byte[] changed = _bytes.Mutate(random, input, other);
        if (changed.Length >= sizeof(uint) && random.Next(8) > 0)
        {
            int end = changed.Length - sizeof(uint);
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(end), Crc32.HashToUInt32(changed.AsSpan(0, end)));
        }

        return changed;
    }
}
