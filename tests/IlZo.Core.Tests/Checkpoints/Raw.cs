using System.Buffers.Binary;
using System.Text;
using IlZo.Checkpoints;
using IlZo.Tensors;

namespace IlZo.Core.Tests.Checkpoints;

/// <summary>Hand-made files and tensors.</summary>
internal static unsafe class Raw
{
    /// <summary>A safetensors file with the given header and that many bytes of data: 0, 1, 2, ...</summary>
    public static byte[] File(string header, int dataBytes = 0) => File(Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] File(byte[] header, int dataBytes)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        return [.. length, .. header, .. Enumerable.Range(0, dataBytes).Select(i => (byte)i)];
    }

    public static byte[] Bytes(TensorEntry tensor) => new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount).ToArray();

    public static byte[] Bytes(Parameter parameter) => new ReadOnlySpan<byte>(parameter.Data, (int)parameter.ByteCount).ToArray();

    /// <summary>A tensor whose bytes are the given ones, in a buffer that is put into <paramref name="memory"/>.</summary>
    public static TensorEntry Tensor(string name, string type, long[] shape, byte[] bytes, List<IDisposable> memory)
    {
        var buffer = new NativeBuffer(bytes.Length);
        memory.Add(buffer);
        bytes.CopyTo(new Span<byte>(buffer.Data, bytes.Length));
        return new TensorEntry("test.safetensors", name, type, shape, buffer.Data);
    }

    public static TensorEntry Floats(string name, long[] shape, float[] values, List<IDisposable> memory) =>
        Tensor(name, "F32", shape, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray(), memory);
}
