using System.Text.Json;

namespace IlZo;

/// <summary>
/// Refuses JSON objects that name a property twice. The framework's own check seeds a hash from OpenSSL, a native library that a machine
/// need not have.
/// </summary>
internal static class DistinctProperties
{
    /// <summary>Reads a whole document.</summary>
    /// <exception cref="JsonException">It is no JSON, or an object has a property twice; the exception has the line.</exception>
    /// <exception cref="InvalidOperationException">A string is not valid UTF-8 or UTF-16.</exception>
    public static void Require(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        var open = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Push([]);
                    break;
                case JsonTokenType.EndObject:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName when !open.Peek().Add(reader.GetString()!):
                    int line = utf8[..(int)reader.TokenStartIndex].Count((byte)'\n');
                    throw new JsonException(
                        $"The property '{reader.GetString()}' appears twice.", path: null, line, bytePositionInLine: null);
                case JsonTokenType.String:
                    reader.GetString();
                    break;
            }
        }
    }
}
