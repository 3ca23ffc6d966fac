using System.Text;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>A reader of the format, written from its description: what a file holds, as numbers.</summary>
internal sealed class GgufFile
{
    private readonly BinaryReader _reader;

    public GgufFile(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        _reader = new BinaryReader(new MemoryStream(bytes));
        Assert.Equal("GGUF", Encoding.ASCII.GetString(_reader.ReadBytes(4)));
        Assert.Equal(3u, _reader.ReadUInt32());
        ulong tensors = _reader.ReadUInt64();
        ulong pairs = _reader.ReadUInt64();
        for (ulong i = 0; i < pairs; i++)
        {
            Metadata.Add(Text(), Value(_reader.ReadUInt32()));
        }

        var infos = new List<(string Name, long[] Shape, uint Type, long Offset)>();
        for (ulong i = 0; i < tensors; i++)
        {
            string name = Text();
            long[] shape = [.. Enumerable.Range(0, (int)_reader.ReadUInt32()).Select(_ => _reader.ReadInt64())];
            infos.Add((name, shape, _reader.ReadUInt32(), _reader.ReadInt64()));
        }

        long start = (_reader.BaseStream.Position + 31) / 32 * 32;
        foreach (var (name, shape, type, offset) in infos)
        {
            Assert.Equal(0, offset % 32);
            _reader.BaseStream.Position = start + offset;
            long count = shape.Aggregate(1L, (a, b) => a * b);
            Tensors.Add(name, (shape, type, Numbers(type, count)));
        }

        Assert.Equal(0, bytes.Length % 32);
        Assert.InRange(bytes.Length - _reader.BaseStream.Position, 0, 31);
    }

    public Dictionary<string, object> Metadata { get; } = [];

    /// <summary>Each tensor: its dimensions from the innermost outwards, the code of its type, its numbers.</summary>
    public Dictionary<string, (long[] Shape, uint Type, float[] Values)> Tensors { get; } = [];

    private float[] Numbers(uint type, long count)
    {
        float[] values = new float[count];
        for (long i = 0; i < count;)
        {
            if (type == 8)
            {
                float scale = (float)_reader.ReadHalf();
                for (int j = 0; j < 32; j++)
                {
                    values[i++] = scale * _reader.ReadSByte();
                }
            }
            else
            {
                values[i++] = type == 1 ? (float)_reader.ReadHalf() : _reader.ReadSingle();
            }
        }

        return values;
    }

    private object Value(uint type) => type switch
    {
        4 => _reader.ReadUInt32(),
        5 => _reader.ReadInt32(),
        6 => _reader.ReadSingle(),
        7 => _reader.ReadBoolean(),
        8 => Text(),
        9 => Values(_reader.ReadUInt32(), _reader.ReadUInt64()),
        _ => throw new InvalidDataException($"The type {type} is none that is written."),
    };

    private object[] Values(uint type, ulong count) => [.. Enumerable.Range(0, (int)count).Select(_ => Value(type))];

    private string Text() => Encoding.UTF8.GetString(_reader.ReadBytes((int)_reader.ReadUInt64()));
}
