using System.Buffers.Binary;
using System.Text;

namespace IlZo.Core.Tests.Checkpoints;

/// <summary>Writes pickles operation by operation.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [0x80, 2];

    public PickleBuilder Op(char opcode) => Bytes((byte)opcode);

    public PickleBuilder Bytes(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBuilder Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op('X').Bytes(length).Bytes(utf8);
    }

    public PickleBuilder Global(string module, string name) => Op('c').Bytes(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    /// <summary>LONG1: any number of 64 bits.</summary>
    public PickleBuilder Number(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Bytes(0x8A, 8).Bytes(bytes);
    }

    public PickleBuilder Numbers(params ReadOnlySpan<long> values)
    {
        Op('(');
        foreach (long value in values)
        {
            Number(value);
        }

        return Op('t');
    }

    /// <summary>A persistent id of elements in data/KEY.</summary>
    public PickleBuilder Storage(string type, string key, long count) =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Number(count).Op('t').Op('Q');

    /// <summary>A call of _rebuild_tensor_v2.</summary>
    public PickleBuilder Tensor(string type, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(type, key, count).Number(offset).Numbers(shape).Numbers(strides).Bytes(
            0x89)
            .Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');

    /// <summary>The pickle of a dictionary of one tensor.</summary>
    public static byte[] OneTensor(string type, long count, long offset, long[] shape, long[] strides) =>
        new PickleBuilder().Op('}').Text("w").Tensor(type, "0", count, offset, shape, strides).Op('s').End();

    public byte[] End() => [.. Op('.')._bytes];
}
