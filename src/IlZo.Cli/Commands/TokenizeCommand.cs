using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using IlZo.Files;
using IlZo.Models;
using IlZo.Tokenization;
using IlZo.Training;

namespace IlZo.Cli.Commands;

/// <summary><c>ilzo tokenize</c>.</summary>
internal static class TokenizeCommand
{
    private static readonly Option<string> s_model = Flags.Model();
    private static readonly Option<string?> s_text = Flags.Text(
        "--text", Flags.AnyText, "The text (default: standard input, unless it is a terminal).");
    private static readonly Option<string?> s_file = Flags.Text("--file", "FILE", "A file with the text, UTF-8, read verbatim.");
    private static readonly Option<string?> s_ids = Flags.Text("--ids", "ID,ID,…", "Token ids to decode into text.");
    private static readonly Option<bool> s_noAddSpecialTokens = new("--no-add-special-tokens")
    {
        Description = "Add nothing around the text (default: what the tokenizer normally adds, such as BOS).",
    };
    private static readonly Option<bool> s_splitSpecialTokens =
        new("--split-special-tokens") { Description = Flags.AboutSplitSpecialTokens };
    private static readonly Option<bool> s_skipSpecialTokens =
        new("--skip-special-tokens") { Description = "With --ids: omit special tokens from the text." };
    private static readonly Option<bool> s_json = Flags.Json(
        "Print one JSON object: ids, pieces, tokens, characters, bytes; with --ids text, ids, pieces, tokens.");

    public static Command Create()
    {
        var command = new Command(
            "tokenize",
            "Show a text's tokens, an id and the vocabulary's piece on each line, or decode ids into text; weights are neither read nor "
            + "required.")
        {
            s_model, s_text, s_file, s_ids, s_noAddSpecialTokens, s_splitSpecialTokens, s_skipSpecialTokens, s_json,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        string? text = parsed.GetValue(s_text);
        string? file = parsed.GetValue(s_file);
        string? ids = parsed.GetValue(s_ids);
        if (new[] { text, file, ids }.Count(t => t is not null) > 1)
        {
            throw new InvalidInputException("More than one of --text, --file and --ids is given; one of them was expected.");
        }

        bool encodes = ids is null;
        RefuseFlags(parsed, encodes ? [s_skipSpecialTokens] : [s_noAddSpecialTokens, s_splitSpecialTokens], encodes ? "without" : "with");
        if (text is null && file is null && encodes && !Console.IsInputRedirected)
        {
            throw new InvalidInputException("There is no text; --text, --file, --ids or standard input was expected.");
        }

        var tokenizer = Load(ModelSource.Of(parsed.GetValue(s_model)!).Model);
        if (encodes)
        {
            Encode(text ?? (file is null ? Decoded("Standard input", StandardInput()) : Decoded(file, FileBytes(file))), tokenizer, parsed);
        }
        else
        {
            Decode(ReadIds(ids!), tokenizer, parsed);
        }

        return 0;
    }

    private static void RefuseFlags(ParseResult parsed, Option<bool>[] flags, string how)
    {
        if (Array.Find(flags, parsed.GetValue) is { } flag)
        {
            throw new InvalidInputException($"{flag.Name} is given {how} --ids, where it means nothing; none was expected.");
        }
    }

    // A folder needs to hold nothing but the tokenizer.
    private static ITokenizer Load(string model)
    {
        if (model != ModelLoader.BuiltIn)
        {
            return TokenizerLoader.Load(model);
        }

        using var folder = ModelLoader.Open(model);
        return ModelLoader.Tokenizer(folder);
    }

    private static void Encode(string text, ITokenizer tokenizer, ParseResult parsed)
    {
        bool add = !parsed.GetValue(s_noAddSpecialTokens);
        int[] ids = parsed.GetValue(s_splitSpecialTokens) ? tokenizer.Encode(text, add) : tokenizer.EncodeMarkup(text, add);
        int characters = text.EnumerateRunes().Count();
        int bytes = Encoding.UTF8.GetByteCount(text);
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                WriteTokens(writer, ids, tokenizer);
                writer.WriteNumber("characters", characters);
                writer.WriteNumber("bytes", bytes);
            });
            return;
        }

        foreach (int id in ids)
        {
            Terminal.Results.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{id}\t{Failure.OneLine(tokenizer.Piece(id) ?? string.Empty)}"));
        }

        Terminal.Say($"{ids.Length} tokens, {characters} characters, {bytes} bytes.");
    }

    private static void Decode(int[] ids, ITokenizer tokenizer, ParseResult parsed)
    {
        string text = tokenizer.Decode(ids, parsed.GetValue(s_skipSpecialTokens));
        if (parsed.GetValue(s_json))
        {
            Terminal.PrintJson(writer =>
            {
                writer.WriteString("text", text);
                WriteTokens(writer, ids, tokenizer);
            });
            return;
        }

        Terminal.Results.Write(text);
        if (!Console.IsOutputRedirected)
        {
            Terminal.Results.WriteLine();
        }
    }

    private static void WriteTokens(System.Text.Json.Utf8JsonWriter writer, int[] ids, ITokenizer tokenizer)
    {
        Json.WriteIds(writer, "ids", ids);
        writer.WriteStartArray("pieces");
        foreach (int id in ids)
        {
            writer.WriteStringValue(tokenizer.Piece(id));
        }

        writer.WriteEndArray();
        writer.WriteNumber("tokens", ids.Length);
    }

    private static int[] ReadIds(string list) =>
    [
        .. list.Trim().TrimStart('[').TrimEnd(']').Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word =>
            int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                ? id
                : throw new InvalidInputException($"--ids has '{word}'; whole numbers with commas between them were expected.")),
    ];

    private static byte[] StandardInput()
    {
        using var input = Console.OpenStandardInput();
        using var copy = new MemoryStream();
        input.CopyTo(copy);
        return copy.ToArray();
    }

    private static byte[] FileBytes(string file)
    {
        try
        {
            return PlainFile.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.TrimEnd('.')}); a file with text was expected.", e);
        }
    }

    // Taken byte for byte: a mark of byte order and line ends are part of the text.
    private static string Decoded(string name, byte[] content) => Utf8.IsValid(content)
        ? Encoding.UTF8.GetString(content)
        : throw new InvalidInputException($"{name} is not UTF-8 text; UTF-8 was expected.");
}
