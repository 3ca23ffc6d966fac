using System.Buffers.Binary;

namespace IlZo.Fuzz.Mutation;

/// <summary>Changes the header of a safetensors file and mostly keeps its length right.</summary>
internal sealed class SafetensorsMutator : IMutator
{
    private const int LengthBytes = 8;

    private static readonly ByteMutator s_bytes = new();

    private static readonly JsonMutator s_json = new(
        "dtype", "shape", "data_offsets", "__metadata__", "F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F4", "F6_E2M3", "F8_E5M2", "a",
        "weight");

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (Header(input) is not { } header || random.Next(8) == 0)
        {
            return s_bytes.Mutate(random, input, other);
        }

        byte[] changed = s_json.Mutate(random, header, Header(other) ?? header);
        byte[] length = new byte[LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, random.Next(16) == 0 ? Interesting.Integer(random) : changed.Length);
        return [.. length, .. changed, .. input.AsSpan(LengthBytes + header.Length)];
    }

    private static byte[]? Header(byte[] file)
    {
        long length = file.Length < LengthBytes ? -1 : BinaryPrimitives.ReadInt64LittleEndian(file);
        return length >= 0 && length <= file.Length - LengthBytes ? file[LengthBytes..(LengthBytes + (int)length)] : null;
    }
}
