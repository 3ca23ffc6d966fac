using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>Checkpoints of published shapes with random weights, for measuring time and memory where the real ones are not at hand.</summary>
public static class SyntheticCheckpoint
{
    private const float Scale = 0.02f;
    private const long OutlinePart = 5L << 30;

    /// <summary>The shapes by name.</summary>
    public static IReadOnlyList<string> Shapes { get; } = ["opt-125m", "opt-1.3b", "opt-6.7b", "opt-13b", "llama-7b"];

    /// <summary>Writes config.json and model.safetensors in fp16. Takes a few megabytes of memory whatever the shape is.</summary>
    /// <param name="shape">One of <see cref="Shapes"/>.</param>
    /// <param name="folder">The folder to write to; created where needed.</param>
    /// <param name="layers">Layers, or null for those of the shape.</param>
    /// <exception cref="InvalidInputException">There is no such shape.</exception>
    public static void Write(string shape, string folder, int? layers = null)
    {
        var tensors = WriteConfig(shape, folder, layers);
        int written = 0;
        WriteFile(folder, CheckpointFolder.SingleFileName, tensors, (tensor, stream) => WriteRandom(tensor, written++, stream));
    }

    /// <summary>
    /// Writes the same without the numbers, which takes no room on disks whose files may have holes; in parts that can be mapped where the whole
    /// is larger than the memory.
    /// </summary>
    /// <inheritdoc cref="Write(string, string, int?)"/>
    public static void WriteOutline(string shape, string folder)
    {
        var parts = new List<List<TensorEntry>> { new() };
        foreach (var tensor in WriteConfig(shape, folder, null))
        {
            if (parts[^1].Sum(t => t.ByteCount) + tensor.ByteCount > OutlinePart)
            {
                parts.Add([]);
            }

            parts[^1].Add(tensor);
        }

        var map = new JsonObject();
        for (int i = 0; i < parts.Count; i++)
        {
            string name = $"model-{i + 1:00000}-of-{parts.Count:00000}.safetensors";
            parts[i].ForEach(t => map.Add(t.Name, name));
            WriteFile(folder, name, parts[i], (tensor, stream) => stream.SetLength(stream.Seek(tensor.ByteCount, SeekOrigin.Current)));
        }

        AtomicFile.WriteAllText(Path.Combine(folder, ShardIndex.FileName), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private static List<TensorEntry> WriteConfig(string shape, string folder, int? layers)
    {
        Directory.CreateDirectory(folder);
        var (config, tensors) = shape switch
        {
            "opt-125m" => Opt(768, layers ?? 12, 12),
            "opt-1.3b" => Opt(2048, layers ?? 24, 32),
            "opt-6.7b" => Opt(4096, layers ?? 32, 32),
            "opt-13b" => Opt(5120, layers ?? 40, 40),
            "llama-7b" => Llama(4096, 11008, layers ?? 32, 32),
            _ => throw new InvalidInputException($"There is no shape '{shape}'; one of these was expected: {string.Join(", ", Shapes)}."),
        };
        AtomicFile.WriteAllText(Path.Combine(folder, CheckpointFolder.ConfigFileName), config);
        return tensors;
    }

    private static void WriteFile(string folder, string name, List<TensorEntry> tensors, Action<TensorEntry, Stream> content) =>
        SafetensorsWriter.Write(Path.Combine(folder, name), tensors, new Dictionary<string, string> { ["format"] = "pt" }, content);

    private static unsafe void WriteRandom(TensorEntry tensor, int id, Stream stream)
    {
        const int chunk = 1 << 18;
        bool isNorm = tensor.Name.Contains("norm", StringComparison.Ordinal) && tensor.Name.EndsWith("weight", StringComparison.Ordinal);
        float[] values = new float[chunk];
        ushort[] halves = new ushort[chunk];
        ushort[] random = new ushort[chunk];
        long count = tensor.ByteCount / 2;
        for (long start = 0; start < count; start += chunk)
        {
            int length = (int)Math.Min(chunk, count - start);
            NoiseField.FillNormal(new NoiseKey(0, NoiseStream.Direction, 0, 0), id, start / NoiseField.Group, values.AsSpan(0, length));
            for (int i = 0; i < length; i++)
            {
                values[i] = (values[i] * Scale) + (isNorm ? 1 : 0);
            }

            fixed (float* v = values)
            fixed (ushort* r = random, h = halves)
            {
                StochasticRounding.Write(DType.F16, v, r, h, length);
            }

            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, length)));
        }
    }

    private static (string Config, List<TensorEntry> Tensors) Opt(int hidden, int layers, int heads)
    {
        const int vocabulary = 50272;
        const int positions = 2048;
        var tensors = new List<TensorEntry>();
        Add(tensors, "model.decoder.embed_tokens.weight", vocabulary, hidden);
        Add(tensors, "model.decoder.embed_positions.weight", positions + 2, hidden);
        AddPair(tensors, "model.decoder.final_layer_norm", hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.decoder.layers.{i}.";
            AddPair(tensors, layer + "self_attn_layer_norm", hidden);
            AddPair(tensors, layer + "final_layer_norm", hidden);
            AddPair(tensors, layer + "self_attn.q_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.k_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.v_proj", hidden, hidden);
            AddPair(tensors, layer + "self_attn.out_proj", hidden, hidden);
            AddPair(tensors, layer + "fc1", 4 * hidden, hidden);
            AddPair(tensors, layer + "fc2", hidden, 4 * hidden);
        }

        string config = Config(
            ("model_type", "opt"), ("vocab_size", vocabulary), ("hidden_size", hidden), ("word_embed_proj_dim", hidden), ("ffn_dim", 4 * hidden),
            ("num_hidden_layers", layers), ("num_attention_heads", heads), ("max_position_embeddings", positions), ("torch_dtype", "float16"));
        return (config, tensors);
    }

    private static (string Config, List<TensorEntry> Tensors) Llama(int hidden, int intermediate, int layers, int heads)
    {
        const int vocabulary = 32000;
        var tensors = new List<TensorEntry>();
        Add(tensors, "model.embed_tokens.weight", vocabulary, hidden);
        Add(tensors, "model.norm.weight", hidden);
        Add(tensors, "lm_head.weight", vocabulary, hidden);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"model.layers.{i}.";
            foreach (string projection in (string[])["q_proj", "k_proj", "v_proj", "o_proj"])
            {
                Add(tensors, $"{layer}self_attn.{projection}.weight", hidden, hidden);
            }

            Add(tensors, layer + "mlp.gate_proj.weight", intermediate, hidden);
            Add(tensors, layer + "mlp.up_proj.weight", intermediate, hidden);
            Add(tensors, layer + "mlp.down_proj.weight", hidden, intermediate);
            Add(tensors, layer + "input_layernorm.weight", hidden);
            Add(tensors, layer + "post_attention_layernorm.weight", hidden);
        }

        string config = Config(
            ("model_type", "llama"), ("vocab_size", vocabulary), ("hidden_size", hidden), ("intermediate_size", intermediate),
            ("num_hidden_layers", layers), ("num_attention_heads", heads), ("max_position_embeddings", 4096), ("torch_dtype", "float16"));
        return (config, tensors);
    }

    private static unsafe void Add(List<TensorEntry> tensors, string name, params long[] shape) =>
        tensors.Add(new TensorEntry(string.Empty, name, StoredType.Name(DType.F16), shape, null));

    private static void AddPair(List<TensorEntry> tensors, string name, params long[] shape)
    {
        Add(tensors, name + ".weight", shape);
        Add(tensors, name + ".bias", shape[0]);
    }

    private static string Config(params (string Name, object Value)[] fields) => "{\n" + string.Join(",\n", fields.Select(f =>
        $"  \"{f.Name}\": {(f.Value is string text ? $"\"{JsonEncodedText.Encode(text)}\"" : Convert.ToString(f.Value, CultureInfo.InvariantCulture))}")) + "\n}\n";
}
