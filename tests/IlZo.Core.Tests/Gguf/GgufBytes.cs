using System.Text;

namespace IlZo.Core.Tests.Gguf;

/// <summary>A writer of the format, from its description: files with any keys and tensors in F32.</summary>
internal static class GgufBytes
{
    private const int Alignment = 32;

    /// <summary>A file.</summary>
    /// <param name="keys">Its keys: numbers, flags, strings, or lists of one of them.</param>
    /// <param name="tensors">Its tensors, with their dimensions from the innermost outwards.</param>
    public static byte[] Of(
        IReadOnlyDictionary<string, object> keys, IReadOnlyDictionary<string, (long[] Shape, float[] Values)> tensors)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)keys.Count);
        foreach (var (key, value) in keys)
        {
            Text(writer, key);
            writer.Write(TypeOf(value));
            Value(writer, value);
        }

        long offset = 0;
        foreach (var (name, (shape, values)) in tensors)
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            Array.ForEach(shape, writer.Write);
            writer.Write(0u);
            writer.Write(offset);
            offset = Aligned(offset + (sizeof(float) * values.Length));
        }

        foreach (var (_, (_, values)) in tensors)
        {
            writer.Write(new byte[Aligned(stream.Position) - stream.Position]);
            Array.ForEach(values, writer.Write);
        }

        writer.Write(new byte[Aligned(stream.Position) - stream.Position]);
        return stream.ToArray();
    }

    /// <summary>The same file with other keys: null for none.</summary>
    public static void Change(string path, params (string Key, object? Value)[] changes)
    {
        var file = new GgufFile(path);
        foreach (var (key, value) in changes)
        {
            file.Metadata.Remove(key);
            if (value is not null)
            {
                file.Metadata.Add(key, value);
            }
        }

        File.WriteAllBytes(path, Of(file.Metadata, file.Tensors.ToDictionary(t => t.Key, t => (t.Value.Shape, t.Value.Values))));
    }

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static uint TypeOf(object value) => value switch
    {
        uint => 4,
        int => 5,
        float => 6,
        bool => 7,
        string => 8,
        object[] => 9,
        _ => throw new ArgumentException($"A value is a {value.GetType().Name}.", nameof(value)),
    };

    private static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number:
                writer.Write(number);
                break;
            case int number:
                writer.Write(number);
                break;
            case float number:
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case string text:
                Text(writer, text);
                break;
            case object[] values:
                writer.Write(values.Length == 0 ? TypeOf(string.Empty) : TypeOf(values[0]));
                writer.Write((ulong)values.Length);
                Array.ForEach(values, v => Value(writer, v));
                break;
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
