using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace IlZo.Cli.Tests;

/// <summary>A RoBERTa of one narrow layer with random weights and RoBERTa's own tokenizer.</summary>
internal static class TinyRoberta
{
    private const int Vocabulary = 50265;
    private const int Positions = 514;
    private const int Hidden = 16;
    private const int Intermediate = 32;

    /// <summary>Writes the model into a new folder and returns its path.</summary>
    public static string Write(TempFolder temp, string name = "roberta")
    {
        string folder = temp.Copy(TestData.PathOf("tokenizers", "roberta-base"), name);
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""
            {"architectures": ["RobertaForMaskedLM"], "model_type": "roberta", "vocab_size": {{Vocabulary}}, "hidden_size": {{Hidden}},
             "intermediate_size": {{Intermediate}}, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": {{Positions}},
             "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
            """);
        WriteWeights(Path.Combine(folder, "model.safetensors"));
        return folder;
    }

    private static IEnumerable<(string Name, int[] Shape)> Tensors()
    {
        const string layer = "roberta.encoder.layer.0.";
        yield return ("roberta.embeddings.word_embeddings.weight", [Vocabulary, Hidden]);
        yield return ("roberta.embeddings.position_embeddings.weight", [Positions, Hidden]);
        yield return ("roberta.embeddings.token_type_embeddings.weight", [1, Hidden]);
        yield return ("lm_head.bias", [Vocabulary]);
        (string Name, int[] Shape)[] pairs =
        [
            ("roberta.embeddings.LayerNorm", [Hidden]),
            (layer + "attention.self.query", [Hidden, Hidden]),
            (layer + "attention.self.key", [Hidden, Hidden]),
            (layer + "attention.self.value", [Hidden, Hidden]),
            (layer + "attention.output.dense", [Hidden, Hidden]),
            (layer + "attention.output.LayerNorm", [Hidden]),
            (layer + "intermediate.dense", [Intermediate, Hidden]),
            (layer + "output.dense", [Hidden, Intermediate]),
            (layer + "output.LayerNorm", [Hidden]),
            ("lm_head.dense", [Hidden, Hidden]),
            ("lm_head.layer_norm", [Hidden]),
        ];
        foreach (var (name, shape) in pairs)
        {
            yield return (name + ".weight", shape);
            yield return (name + ".bias", [shape[0]]);
        }
    }

    private static void WriteWeights(string path)
    {
        var header = new Dictionary<string, object>();
        int end = 0;
        foreach (var (name, shape) in Tensors())
        {
            int start = end;
            end += sizeof(float) * shape.Aggregate((a, b) => a * b);
            header.Add(name, new { dtype = "F32", shape, data_offsets = new[] { start, end } });
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        float[] values = new float[end / sizeof(float)];
        var random = new Random(1);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (random.NextSingle() - 0.5f) * 2;
        }

        File.WriteAllBytes(path, [.. length, .. json, .. MemoryMarshal.AsBytes<float>(values)]);
    }
}
