namespace IlZo.Fuzz.Mutation;

/// <summary>
/// Changes the fields of a Protocol Buffers message, those of the messages in it too, and keeps the lengths around them right.
/// </summary>
internal sealed class ProtobufMutator : IMutator
{
    private const int LengthDelimited = 2;

    private static readonly ByteMutator s_bytes = new();

    // A field with its key.
    private readonly record struct Field(int Start, int Payload, int End, int WireType);

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        var fields = Fields(input);
        if (fields.Count == 0 || random.Next(8) == 0)
        {
            return s_bytes.Mutate(random, input, other);
        }

        var field = fields[random.Next(fields.Count)];
        int length = field.End - field.Start;
        switch (random.Next(6))
        {
            case 0:
                return ByteMutator.Splice(input, field.Start, length, []);
            case 1:
                return ByteMutator.Splice(input, field.Start, 0, input.AsSpan(field.Start, length));
            case 2 when Fields(other) is { Count: > 0 } others:
                var taken = others[random.Next(others.Count)];
                return ByteMutator.Splice(input, field.Start, random.Next(2) * length, other.AsSpan(taken.Start, taken.End - taken.Start));
            case 3:
                return ByteMutator.Splice(input, field.Start, 1, [(byte)((random.Next(1, 32) << 3) | random.Next(6))]);
            default:
                return Within(random, input, other, field);
        }
    }

    private byte[] Within(Random random, byte[] input, byte[] other, Field field)
    {
        if (field.WireType != LengthDelimited)
        {
            return ByteMutator.Splice(input, field.Payload, field.End - field.Payload, field.WireType == 0
                ? Varint(unchecked((ulong)Interesting.Integer(random)))
                : Random(random, field.End - field.Payload));
        }

        byte[] payload = input[field.Payload..field.End];
        byte[] changed = random.Next(4) == 0 ? s_bytes.Mutate(random, payload, other) : Mutate(random, payload, payload);
        byte[] length = Varint(random.Next(16) == 0 ? unchecked((ulong)Interesting.Integer(random)) : (ulong)changed.Length);
        return [.. input.AsSpan(0, field.Start + 1), .. length, .. changed, .. input.AsSpan(field.End)];
    }

    private static byte[] Random(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    // Those with keys of one byte, up to the first that is broken.
    private static List<Field> Fields(byte[] message)
    {
        var fields = new List<Field>();
        for (int at = 0; at < message.Length;)
        {
            int type = message[at] & 7;
            int payload = at + 1;
            long end = type switch
            {
                0 => Skip(message, payload, out _),
                1 => payload + 8,
                LengthDelimited => (payload = Skip(message, payload, out ulong length)) + (long)Math.Min(length, int.MaxValue),
                5 => payload + 4,
                _ => long.MaxValue,
            };
            if (message[at] >= 0x80 || message[at] < 8 || end > message.Length)
            {
                break;
            }

            fields.Add(new Field(at, payload, (int)end, type));
            at = (int)end;
        }

        return fields;
    }

    private static int Skip(byte[] message, int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; at < message.Length && shift < 64; shift += 7)
        {
            byte part = message[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return at;
            }
        }

        return at;
    }
}
