using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Cli.Tests;

/// <summary>Models that cannot be used: one sentence, exit code 2, nothing left behind.</summary>
public sealed class BadModelTests
{
    public static TheoryData<string, string> Damages => new()
    {
        { "truncated weights", "model.safetensors" },
        { "no header", "model.safetensors" },
        { "huge header length", "model.safetensors" },
        { "negative header length", "model.safetensors" },
        { "header is no JSON", "model.safetensors" },
        { "offsets beyond the file", "model.safetensors" },
        { "NaN weights", "model.embed_tokens.weight" },
        { "missing tensor", "model.norm.weight" },
        { "other shape than the configuration", "shape" },
        { "unknown architecture", "model_type is 'mamba'" },
        { "no architecture", "model_type" },
        { "configuration is no JSON", "config.json" },
        { "configuration of wrong type", "hidden_size" },
        { "configuration nested too deeply", "config.json" },
        { "no configuration", "config.json" },
        { "no weights", "model.safetensors" },
        { "pickled weights", "pytorch_model.bin" },
        { "broken index", "model.safetensors.index.json" },
        { "no tokenizer", "tokenizer" },
        { "broken tokenizer", "tokenizer.json" },
        { "tokenizer is a Git LFS pointer", "tokenizer.json' is a Git LFS pointer" },
        { "tokenizer has NaN", "found NaN" },
        { "tokenizer is a list", "holds a JSON array" },
        { "configuration in UTF-16", "config.json' is text in UTF-16" },
        { "folder does not exist", "is not an existing folder" },
        { "a file in place of the folder", "is not an existing folder" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Is_refused_in_one_sentence(string damage, string named)
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        Damage(damage, model);
        string message = Ilzo.Run(TinyRun.Command(1, "--model", model, "--run", temp["run"])).Refusal(2);
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.False(Path.Exists(temp["run"]));
    }

    [Fact]
    public void Inspect_and_generate_refuse_them_too()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        Damage("truncated weights", model);
        Assert.Contains("model.safetensors", Ilzo.Run("inspect", model).Refusal(2), StringComparison.Ordinal);
        Assert.Contains("model.safetensors", Ilzo.Run("generate", "--model", model).Refusal(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_of_a_file_do_not_reach_the_terminal()
    {
        using var temp = new TempFolder();
        string model = temp.Copy(TestData.Stories, "model");
        EditConfig(model, config => config["model_type"] = "a\nb\u001b[31m");
        Assert.Contains("a\\u000ab\\u001b[31m", Ilzo.Run("inspect", model).Refusal(2), StringComparison.Ordinal);
    }

    private static void Damage(string damage, string model)
    {
        string weights = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        switch (damage)
        {
            case "truncated weights":
                File.WriteAllBytes(weights, bytes[..^1000]);
                break;
            case "no header":
                File.WriteAllBytes(weights, bytes[..5]);
                break;
            case "huge header length":
                BinaryPrimitives.WriteInt64LittleEndian(bytes, long.MaxValue);
                File.WriteAllBytes(weights, bytes);
                break;
            case "negative header length":
                BinaryPrimitives.WriteInt64LittleEndian(bytes, -8);
                File.WriteAllBytes(weights, bytes);
                break;
            case "header is no JSON":
                bytes[8] = (byte)'[';
                File.WriteAllBytes(weights, bytes);
                break;
            case "offsets beyond the file":
                EditHeader(weights, header => header["model.norm.weight"]!["data_offsets"] = new JsonArray(0, 1L << 60));
                break;
            case "NaN weights":
                int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
                var tensor = JsonNode.Parse(bytes.AsSpan(8, header))!["model.embed_tokens.weight"]!;
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(8 + header + (int)tensor["data_offsets"]![0]!), float.NaN);
                File.WriteAllBytes(weights, bytes);
                break;
            case "missing tensor":
                EditHeader(weights, header => Rename(header, "model.norm.weight", "model.norm.other"));
                break;
            case "other shape than the configuration":
                EditConfig(model, config => config["intermediate_size"] = 128);
                break;
            case "unknown architecture":
                EditConfig(model, config => config["model_type"] = "mamba");
                break;
            case "no architecture":
                EditConfig(model, config => config.Remove("model_type"));
                break;
            case "configuration is no JSON":
                File.WriteAllText(Path.Combine(model, "config.json"), "{\"model_type\": ");
                break;
            case "configuration of wrong type":
                EditConfig(model, config => config["hidden_size"] = "sixty-four");
                break;
            case "configuration nested too deeply":
                File.WriteAllText(Path.Combine(model, "config.json"), $"{{\"a\": {new string('[', 100_000)}");
                break;
            case "no configuration":
                File.Delete(Path.Combine(model, "config.json"));
                break;
            case "no weights":
                File.Delete(weights);
                break;
            case "pickled weights":
                File.Move(weights, Path.Combine(model, "pytorch_model.bin"));
                break;
            case "broken index":
                File.Delete(weights);
                File.WriteAllText(Path.Combine(model, "model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"../../etc/passwd\"}}");
                break;
            case "no tokenizer":
                File.Delete(Path.Combine(model, "tokenizer.json"));
                File.Delete(Path.Combine(model, "tokenizer.model"));
                break;
            case "broken tokenizer":
                File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{\"model\": {\"type\": \"BPE\", \"vocab\": 7}}");
                break;
            case "tokenizer is a Git LFS pointer":
                File.WriteAllText(
                    Path.Combine(model, "tokenizer.json"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
                break;
            case "tokenizer has NaN":
                File.WriteAllText(Path.Combine(model, "tokenizer.json"), "{\"model\": NaN}");
                break;
            case "tokenizer is a list":
                File.WriteAllText(Path.Combine(model, "tokenizer.json"), "[]");
                break;
            case "configuration in UTF-16":
                File.WriteAllBytes(
                    Path.Combine(model, "config.json"), Encoding.Unicode.GetBytes(File.ReadAllText(Path.Combine(model, "config.json"))));
                break;
            case "folder does not exist":
                Directory.Delete(model, recursive: true);
                break;
            case "a file in place of the folder":
                Directory.Delete(model, recursive: true);
                File.WriteAllText(model, "model");
                break;
            default:
                throw new ArgumentException(damage, nameof(damage));
        }
    }

    private static void EditConfig(string model, Action<JsonObject> edit)
    {
        string path = Path.Combine(model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    private static void EditHeader(string path, Action<JsonObject> edit)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        edit(header);
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
        File.WriteAllBytes(path, [.. prefix, .. json, .. bytes[(8 + length)..]]);
    }

    private static void Rename(JsonObject header, string from, string to)
    {
        var value = header[from]!.DeepClone();
        header.Remove(from);
        header[to] = value;
    }
}
