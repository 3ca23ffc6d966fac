using System.Buffers.Binary;
using IlZo.Files;

namespace IlZo.Tokenization;

/// <summary>
/// Reads the fields of one protobuf message (the wire format of protobuf.dev/programming-guides/encoding). A message that
/// ends too early or breaks the format is reported with its place.
/// </summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string file, int offset)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private int _at;
    private int _wire;

    /// <summary>The number of the field that <see cref="Next"/> stopped at.</summary>
    public int Field { get; private set; }

    /// <summary>Goes to the next field; its value must be read or skipped.</summary>
    public bool Next()
    {
        if (_at == _message.Length)
        {
            return false;
        }

        ulong tag = RawVarint();
        Field = tag >> 3 is > 0 and < (1u << 29) and ulong number ? (int)number : throw Error("a field number was expected");
        _wire = (int)(tag & 7);
        return true;
    }

    public long Integer()
    {
        Require(0, "an integer");
        return (long)RawVarint();
    }

    public int Int32()
    {
        long value = Integer();
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw Error("a 32-bit integer was expected");
    }

    public float Single()
    {
        Require(5, "a float");
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Require(2, "bytes");
        return Take(RawVarint());
    }

    public ProtobufReader Message()
    {
        ReadOnlySpan<byte> inner = Bytes();
        return new ProtobufReader(inner, file, offset + _at - inner.Length);
    }

    public void Skip()
    {
        switch (_wire)
        {
            case 0:
                RawVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Take(RawVarint());
                break;
            case 5:
                Take(4);
                break;
            default:
                throw Error($"the wire type {_wire} is not supported");
        }
    }

    public readonly InvalidInputException Error(string expectation) => new($"{file}, byte {offset + _at}: {expectation}.");

    private readonly void Require(int wire, string what)
    {
        if (_wire != wire)
        {
            throw Error($"field {Field} was expected to be {what}");
        }
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(_message.Length - _at))
        {
            throw Error("the message ends too early");
        }

        ReadOnlySpan<byte> taken = _message.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private ulong RawVarint()
    {
        var rest = _message[_at..];
        int taken = Varint.Read(rest, out ulong value);
        _at += taken > 0 ? taken : Math.Min(rest.Length, Varint.MostBytes);
        return taken > 0 ? value
            : rest.Length < Varint.MostBytes ? throw Error("the message ends too early")
            : throw Error("an integer is longer than ten bytes");
    }
}
