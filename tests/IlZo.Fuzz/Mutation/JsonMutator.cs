using System.Text;
using System.Text.Json;

namespace IlZo.Fuzz.Mutation;

/// <summary>
/// Changes the values, names and members of JSON (or of JSON lines: the line that a place is in). What is no JSON, and now and then what
/// is, is changed byte by byte.
/// </summary>
/// <param name="words">Words of the format: names of members and texts.</param>
internal sealed class JsonMutator(params string[] words) : IMutator
{
    private readonly ByteMutator _bytes = new(words);

    private enum Kind
    {
        Name,
        Text,
        Number,
        Literal,
        Group,
    }

    // A member's start is that of its name; an element's its own.
    private readonly record struct Place(Kind Kind, int Start, int End, int MemberStart);

    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        var (start, length) = Line(random, input);
        var places = Places(input.AsSpan(start, length));
        if (places.Count == 0 || random.Next(8) == 0)
        {
            return _bytes.Mutate(random, input, other);
        }

        var place = places[random.Next(places.Count)];
        return place.Kind == Kind.Name ? Rename(random, input, start, place) : Change(random, input, other, start, place);
    }

    private byte[] Rename(Random random, byte[] input, int start, Place place) =>
        ByteMutator.Splice(input, start + place.Start, place.End - place.Start, Quoted(Word(random)));

    private byte[] Change(Random random, byte[] input, byte[] other, int start, Place place)
    {
        int at = start + place.Start;
        int length = place.End - place.Start;
        var value = input.AsSpan(at, length);
        switch (random.Next(10))
        {
            case 0:
                return ByteMutator.Splice(input, at, length, Encoding.UTF8.GetBytes(Interesting.Number(random)));
            case 1:
                return ByteMutator.Splice(input, at, length, Quoted(Word(random)));
            case 2:
                return ByteMutator.Splice(input, at, length, Literal(random));
            case 3:
                return ByteMutator.Splice(
                    input,
                    at,
                    length,
                    (byte[])[.. "["u8, .. value, .. random.Next(2) == 0 ? "]"u8 : ","u8, .. random.Next(2) == 0 ? value : [], .. "]"u8]);
            case 4:
                return ByteMutator.Splice(input, at, length, Nested(random, value));
            case 5 when Taken(random, other) is { } taken:
                return ByteMutator.Splice(input, at, length, taken);
            case 6:
                return WithoutMember(input, start + place.MemberStart, at + length);
            case 7:
                return ByteMutator.Splice(
                    input,
                    start + place.MemberStart,
                    0,
                    (byte[])[.. input.AsSpan(start + place.MemberStart, at + length - start - place.MemberStart), (byte)',']);
            case 8:
                return ByteMutator.Splice(
                    input, start + place.MemberStart, 0,
                    (byte[])[.. Quoted(Word(random)), (byte)':', .. Taken(random, other) ?? Literal(random), (byte)',']);
            default:
                return place.Kind == Kind.Text && length > 2
                    ? ByteMutator.Splice(input, at + 1, length - 2, _bytes.Mutate(random, input[(at + 1)..(at + length - 1)], other))
                    : ByteMutator.Splice(input, at, length, Encoding.UTF8.GetBytes(Interesting.Number(random)));
        }
    }

    private string Word(Random random) =>
        words.Length > 0 && random.Next(3) > 0 ? words[random.Next(words.Length)] : Interesting.Text(random);

    private static byte[] Literal(Random random) => random.Next(6) switch
    {
        0 => [.. "true"u8],
        1 => [.. "false"u8],
        2 => [.. "[]"u8],
        3 => [.. "{}"u8],
        4 => [.. "\"\""u8],
        _ => [.. "null"u8],
    };

    private static byte[] Quoted(string text) => text.StartsWith("\\u", StringComparison.Ordinal)
        ? Encoding.UTF8.GetBytes($"\"{text}\"")
        : JsonSerializer.SerializeToUtf8Bytes(text);

    // As deep as readers go, and deeper.
    private static byte[] Nested(Random random, ReadOnlySpan<byte> value)
    {
        int depth = random.Next(3) == 0 ? random.Next(80) : random.Next(4);
        return random.Next(2) == 0
            ? [.. Enumerable.Repeat((byte)'[', depth), .. value, .. Enumerable.Repeat((byte)']', depth)]
            : [.. Enumerable.Repeat("{\"a\":"u8.ToArray(), depth).SelectMany(b => b), .. value, .. Enumerable.Repeat((byte)'}', depth)];
    }

    private static byte[]? Taken(Random random, byte[] other)
    {
        var (start, length) = Line(random, other);
        var places = Places(other.AsSpan(start, length));
        if (places.Count == 0)
        {
            return null;
        }

        var place = places[random.Next(places.Count)];
        return other[(start + place.Start)..(start + place.End)];
    }

    // With the comma behind or before it.
    private static byte[] WithoutMember(byte[] input, int start, int end)
    {
        int after = end + input.AsSpan(end).Length - input.AsSpan(end).TrimStart(" \t\r\n"u8).Length;
        if (after < input.Length && input[after] == (byte)',')
        {
            return ByteMutator.Splice(input, start, after + 1 - start, []);
        }

        var before = input.AsSpan(0, start).TrimEnd(" \t\r\n"u8);
        return before is [.., (byte)',']
            ? ByteMutator.Splice(input, before.Length - 1, end - before.Length + 1, [])
            : ByteMutator.Splice(input, start, end - start, []);
    }

    // The whole where it is one value, else a line.
    private static (int Start, int Length) Line(Random random, byte[] input)
    {
        if (Places(input).Count > 0 || input.Length == 0)
        {
            return (0, input.Length);
        }

        int at = random.Next(input.Length);
        int start = input.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        int length = input.AsSpan(start).IndexOf((byte)'\n');
        return (start, length < 0 ? input.Length - start : length);
    }

    // Empty where the text is no JSON.
    private static List<Place> Places(ReadOnlySpan<byte> json)
    {
        var places = new List<Place>();
        var open = new Stack<(int Start, int Member)>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1000 });
        int member = -1;
        try
        {
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex;
                int end = (int)reader.BytesConsumed;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        member = start;
                        places.Add(new Place(Kind.Name, start, start + 2 + reader.ValueSpan.Length, start));
                        continue;
                    case JsonTokenType.StartArray or JsonTokenType.StartObject:
                        open.Push((start, member < 0 ? start : member));
                        break;
                    case JsonTokenType.EndArray or JsonTokenType.EndObject:
                        var group = open.Pop();
                        places.Add(new Place(Kind.Group, group.Start, end, group.Member));
                        break;
                    default:
                        var kind = reader.TokenType switch
                        {
                            JsonTokenType.String => Kind.Text,
                            JsonTokenType.Number => Kind.Number,
                            _ => Kind.Literal,
                        };
                        places.Add(new Place(kind, start, end, member < 0 ? start : member));
                        break;
                }

                member = -1;
            }
        }
        catch (JsonException)
        {
            places.Clear();
        }

        return places;
    }
}
