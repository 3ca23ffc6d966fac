using System.Text.Json;
using System.Text.Json.Serialization;

namespace IlZo;

/// <summary>The values of an option, and how files and the command line spell them.</summary>
/// <typeparam name="T">An enumeration, or a nullable one if its absence has a word too.</typeparam>
/// <param name="words">Each value's word, in the order in which messages list them.</param>
internal abstract class Words<T>(params (string Word, T Value)[] words) : JsonConverter<T>
{
    /// <summary>The words, separated by commas, for help.</summary>
    public string List => string.Join(", ", All);

    /// <summary>The words.</summary>
    public IEnumerable<string> All => words.Select(w => w.Word);

    public override bool HandleNull => true;

    /// <summary>The option's name in messages.</summary>
    protected abstract string Option { get; }

    private string Expected => $"{string.Join(", ", words.SkipLast(1).Select(w => w.Word))} or {words[^1].Word}";

    /// <summary>The value of a word.</summary>
    /// <exception cref="InvalidInputException">It is none of the words.</exception>
    public T Parse(string word) => Find(word) is { } found
        ? found.Value
        : throw new InvalidInputException($"{Option} is '{word}'; {Expected} was expected.");

    /// <summary>The word of a value.</summary>
    /// <exception cref="InvalidInputException">It is none of the values.</exception>
    public string Of(T value)
    {
        foreach (var (word, own) in words)
        {
            if (EqualityComparer<T>.Default.Equals(own, value))
            {
                return word;
            }
        }

        throw new InvalidInputException($"{Option} is {value}; {Expected} was expected.");
    }

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Find(reader.GetString()!) is { } found ? found.Value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Of(value));

    private (string Word, T Value)? Find(string word)
    {
        foreach (var known in words)
        {
            if (known.Word == word)
            {
                return known;
            }
        }

        return null;
    }
}
