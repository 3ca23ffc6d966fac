using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Tokenization;
using Xunit;

namespace IlZo.Core.Tests.Tokenization;

/// <summary>Files of a tokenizer held in memory, so that tests can assemble and break them.</summary>
public sealed class MemoryFiles
{
    private readonly Dictionary<string, byte[]> _files = [];

    public byte[] this[string name]
    {
        get => _files[name];
        set => _files[name] = value;
    }

    /// <summary>The named files of a folder.</summary>
    public static MemoryFiles From(string folder, params ReadOnlySpan<string> names)
    {
        var files = new MemoryFiles();
        foreach (string name in names)
        {
            files[name] = File.ReadAllBytes(Path.Combine(folder, name));
        }

        return files;
    }

    public MemoryFiles With(string name, string text) => With(name, Encoding.UTF8.GetBytes(text));

    public MemoryFiles With(string name, byte[] bytes)
    {
        var copy = new MemoryFiles();
        foreach ((string other, byte[] content) in _files)
        {
            copy[other] = content;
        }

        copy[name] = bytes;
        return copy;
    }

    /// <summary>The same files with tokenizer.json changed.</summary>
    public MemoryFiles Edit(Action<JsonObject> edit)
    {
        JsonObject root = JsonNode.Parse(_files["tokenizer.json"])!.AsObject();
        edit(root);
        return With("tokenizer.json", root.ToJsonString());
    }

    public ITokenizer Load() => TokenizerLoader.Load(Open, "memory");

    public bool Exists() => TokenizerLoader.Exists(Open);

    /// <summary>The message with which the files are refused.</summary>
    public string Refusal() => Assert.Throws<InvalidInputException>(Load).Message;

    /// <summary>
    /// A tokenizer.json whose vocabulary is the given tokens in order. Members go on top of a BPE model without merges.
    /// </summary>
    public static MemoryFiles Json(string[] vocabulary, string[] merges, string members = "{}", string model = "{}")
    {
        var root = JsonNode.Parse(members)!.AsObject();
        var bpe = JsonNode.Parse(model)!.AsObject();
        bpe["type"] = "BPE";
        bpe["vocab"] = new JsonObject(vocabulary.Select((text, id) => KeyValuePair.Create(text, (JsonNode?)JsonValue.Create(id))));
        bpe["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode?)JsonValue.Create(merge))]);
        root["model"] = bpe;
        return new MemoryFiles().With("tokenizer.json", root.ToJsonString());
    }

    private MemoryStream? Open(string name) =>
        _files.TryGetValue(name, out byte[]? bytes) ? new MemoryStream(bytes, writable: false) : null;
}

/// <summary>A text and its ids, from a file of vectors or of reference outputs.</summary>
public sealed record Vector(string Text, int[] Ids, bool? AddBos, bool? AddEos)
{
    public static List<Vector> Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        JsonElement list = document.RootElement.ValueKind == JsonValueKind.Array
            ? document.RootElement
            : document.RootElement.GetProperty("encode");
        return [.. list.EnumerateArray().Select(Read)];
    }

    private static Vector Read(JsonElement item) => new(
        item.GetProperty("text").GetString()!,
        [.. item.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())],
        item.TryGetProperty("add_bos", out JsonElement bos) ? bos.GetBoolean() : null,
        item.TryGetProperty("add_eos", out JsonElement eos) ? eos.GetBoolean() : null);
}
