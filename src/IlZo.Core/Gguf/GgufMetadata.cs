using System.Text;

namespace IlZo.Gguf;

/// <summary>The key-value pairs of a file, in the order in which they are added and written.</summary>
internal sealed class GgufMetadata
{
    // Codes of the types of values.
    private const uint UInt32 = 4;
    private const uint Int32 = 5;
    private const uint Float32 = 6;
    private const uint Boolean = 7;
    private const uint Text = 8;
    private const uint Array = 9;

    private readonly MemoryStream _bytes = new();
    private readonly BinaryWriter _writer;
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    public GgufMetadata() => _writer = new BinaryWriter(_bytes);

    /// <summary>How many pairs there are.</summary>
    public int Count => _keys.Count;

    /// <summary>The pairs as the file has them.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.GetBuffer().AsMemory(0, checked((int)_bytes.Length));

    /// <summary>The bytes of a string: its length in 64 bits and UTF-8.</summary>
    public static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    public void Add(string key, int value)
    {
        Begin(key, UInt32);
        _writer.Write(checked((uint)value));
    }

    public void Add(string key, float value)
    {
        Begin(key, Float32);
        _writer.Write(value);
    }

    public void Add(string key, bool value)
    {
        Begin(key, Boolean);
        _writer.Write(value);
    }

    public void Add(string key, string value)
    {
        Begin(key, Text);
        WriteText(_writer, value);
    }

    public void Add(string key, IReadOnlyList<string> values)
    {
        BeginArray(key, Text, values.Count);
        foreach (string value in values)
        {
            WriteText(_writer, value);
        }
    }

    public void Add(string key, IReadOnlyList<float> values)
    {
        BeginArray(key, Float32, values.Count);
        foreach (float value in values)
        {
            _writer.Write(value);
        }
    }

    public void Add(string key, IReadOnlyList<int> values)
    {
        BeginArray(key, Int32, values.Count);
        foreach (int value in values)
        {
            _writer.Write(value);
        }
    }

    private void BeginArray(string key, uint type, int count)
    {
        Begin(key, Array);
        _writer.Write(type);
        _writer.Write((ulong)count);
    }

    private void Begin(string key, uint type)
    {
        if (!_keys.Add(key))
        {
            throw new ArgumentException($"The key '{key}' is there already.", nameof(key));
        }

        WriteText(_writer, key);
        _writer.Write(type);
    }
}
