using System.Text;
using System.Text.Unicode;
using IlZo.Files;

namespace IlZo.Tokenization.ChatTemplates;

/// <summary>
/// Finds the chat template of a model folder: <c>chat_template.jinja</c>, else the <c>chat_template</c> of
/// <c>tokenizer_config.json</c>, which is the template or a list of named ones whose <c>default</c> counts.
/// </summary>
internal static class ChatTemplateFile
{
    /// <summary>The file that holds a template alone.</summary>
    public const string FileName = "chat_template.jinja";

    private const string ConfigFile = "tokenizer_config.json";

    /// <summary>The template of a model, or null where it has none.</summary>
    /// <param name="read">The content of a file of the model, or null where there is none.</param>
    /// <param name="folder">What messages call the model.</param>
    /// <exception cref="InvalidInputException">It is not in the supported part of Jinja, or its file is broken.</exception>
    public static ChatTemplate? Find(Func<string, byte[]?> read, string folder)
    {
        var source = new TokenizerSource(name => read(name) is { } content ? new MemoryStream(content) : null, folder);
        var tokens = SpecialTokens(source);
        if (source.TryRead(FileName) is { } own)
        {
            return Parse(source.PathOf(FileName), own, tokens);
        }

        return source.TryReadJson(ConfigFile)?.Find("chat_template") switch
        {
            null => null,
            { IsText: true } only => ChatTemplate.Parse(source.PathOf(ConfigFile), only.Text(), tokens),
            { } several => Default(several) is { } text ? ChatTemplate.Parse(source.PathOf(ConfigFile), text, tokens) : null,
        };
    }

    /// <summary>The template in a file of its own, with the special tokens of a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">The content of a file of the model, or null where there is none.</param>
    /// <param name="folder">What messages call the model.</param>
    /// <exception cref="InvalidInputException">The file cannot be read or is not in the supported part of Jinja.</exception>
    public static ChatTemplate Load(string path, Func<string, byte[]?> read, string folder)
    {
        byte[] content;
        try
        {
            content = PlainFile.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException($"{path}: cannot be read ({e.Message.TrimEnd('.')}); expected a chat template.", e);
        }

        return Parse(
            path, content, SpecialTokens(new TokenizerSource(name => read(name) is { } file ? new MemoryStream(file) : null, folder)));
    }

    private static ChatTemplate Parse(string path, byte[] content, IReadOnlyDictionary<string, string> tokens) => Utf8.IsValid(content)
        ? ChatTemplate.Parse(path, Encoding.UTF8.GetString(content).TrimStart('\uFEFF'), tokens)
        : throw new InvalidInputException($"{path}: is not UTF-8 text; expected a chat template.");

    private static string? Default(JsonPlace several)
    {
        foreach (var template in several.Items())
        {
            if (template.Get("name").Text() == "default")
            {
                return template.Get("template").Text();
            }
        }

        return null;
    }

    // What tokenizer_config.json names goes before special_tokens_map.json.
    private static Dictionary<string, string> SpecialTokens(TokenizerSource source)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in (string[])[ConfigFile, "special_tokens_map.json"])
        {
            foreach (string name in (string[])["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"])
            {
                if (source.TryReadJson(file)?.Find(name) is { } token)
                {
                    tokens.TryAdd(name, token.IsObject ? token.Get("content").Text() : token.Text());
                }
            }
        }

        return tokens;
    }
}
