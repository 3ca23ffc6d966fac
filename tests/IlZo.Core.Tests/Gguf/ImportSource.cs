using System.Text.Json;
using System.Text.Json.Nodes;

namespace IlZo.Core.Tests.Gguf;

/// <summary>
/// Models to export. The fixtures have no tokenizer: this one has the letters of ASCII, a merge, a mark, and a character for each other id.
/// </summary>
internal static class ImportSource
{
    /// <summary>Copies a fixture to a folder, with the tokenizer, and returns the folder.</summary>
    public static string WithTokenizer(string folder, string fixture)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(TestData.Path("fixtures", "forward", fixture)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        int rows = config.RootElement.GetProperty("vocab_size").GetInt32();
        string[] letters = [.. Enumerable.Range('!', 94).Select(c => $"{(char)c}"), "Ġ", "Ċ", "ab"];
        var vocabulary = new JsonObject();
        for (int id = 0; id < rows - 1; id++)
        {
            vocabulary.Add(id < letters.Length ? letters[id] : $"{(char)(0x4E00 + id)}", id);
        }

        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), new JsonObject
        {
            ["added_tokens"] = new JsonArray((JsonNode)new JsonObject
            {
                ["id"] = rows - 1,
                ["content"] = "<|end|>",
                ["special"] = true,
            }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("a b") },
        }.ToJsonString());
        return folder;
    }
}
