using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// A model of two layers with random codes, zeros and scales, in the formats of GPTQ and AWQ: written here from their definitions, with
/// nothing of the library.
/// </summary>
internal sealed class PackedModel
{
    private const int Hidden = 128;
    private const int Keys = 64;
    private const int Inner = 256;
    private const int Vocabulary = 512;
    private const int Layers = 2;

    private static readonly int[] s_awqOrder = [0, 2, 4, 6, 1, 3, 5, 7];

    private readonly Random _random = new(5);
    private readonly bool _isAwq;
    private readonly int _bits;
    private readonly int _lessZero;

    /// <param name="format">gptq, gptq_v2 or awq.</param>
    /// <param name="group">Inputs of a group, or −1.</param>
    /// <param name="bits">4 or 8.</param>
    /// <param name="hasBiases">Whether it is a Qwen2, whose queries, keys and values have biases, instead of a Llama.</param>
    public PackedModel(string format, int group, int bits = 4, bool hasBiases = false)
    {
        (_isAwq, _bits, _lessZero) = (format == "awq", bits, format == "gptq" ? 1 : 0);
        Quantization = new JsonObject { ["quant_method"] = _isAwq ? "awq" : "gptq", ["bits"] = bits, ["group_size"] = group };
        if (_isAwq)
        {
            (Quantization["version"], Quantization["zero_point"]) = ("gemm", true);
        }
        else
        {
            (Quantization["checkpoint_format"], Quantization["desc_act"]) = (format, false);
        }

        Config = new JsonObject
        {
            ["architectures"] = new JsonArray(hasBiases ? "Qwen2ForCausalLM" : "LlamaForCausalLM"),
            ["model_type"] = hasBiases ? "qwen2" : "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Inner,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = 4,
            ["num_key_value_heads"] = 2,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 512,
            ["rms_norm_eps"] = 1e-5,
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "float16",
            ["bos_token_id"] = 1,
            ["eos_token_id"] = 2,
            ["quantization_config"] = Quantization,
        };
        AddHalves("model.embed_tokens.weight", 1, Vocabulary, Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = $"model.layers.{layer}.";
            AddHalves(at + "input_layernorm.weight", 1, Hidden);
            AddHalves(at + "post_attention_layernorm.weight", 1, Hidden);
            foreach (var (name, inputs, outputs) in ((string, int, int)[])
                [
                    ("self_attn.q_proj", Hidden, Hidden), ("self_attn.k_proj", Hidden, Keys), ("self_attn.v_proj", Hidden, Keys),
                    ("self_attn.o_proj", Hidden, Hidden), ("mlp.gate_proj", Hidden, Inner), ("mlp.up_proj", Hidden, Inner),
                    ("mlp.down_proj", Inner, Hidden),
                ])
            {
                AddMatrix(at + name, inputs, outputs, group < 0 ? inputs : group);
                if (hasBiases && name is "self_attn.q_proj" or "self_attn.k_proj" or "self_attn.v_proj")
                {
                    AddHalves(at + name + ".bias", 0.1f, outputs);
                }
            }
        }

        AddHalves("model.norm.weight", 1, Hidden);
        AddHalves("lm_head.weight", 0.2f, Vocabulary, Hidden);
    }

    /// <summary>What config.json says of the quantization.</summary>
    public JsonObject Quantization { get; }

    /// <summary>config.json.</summary>
    public JsonObject Config { get; }

    /// <summary>The tensors as they are stored.</summary>
    public Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> Tensors { get; } = [];

    /// <summary>The weights [outputs, inputs] that they stand for: scale·(code − zero).</summary>
    public Dictionary<string, float[]> Weights { get; } = [];

    /// <summary>Writes the model, and the tokenizer of another one, to a new folder.</summary>
    public void Write(string folder, string tokenizer)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), Config.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), Safetensors(Tensors));
        foreach (string file in Directory.EnumerateFiles(tokenizer, "tokenizer*"))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
    }

    /// <summary>Writes the model with those weights in fp32.</summary>
    public void WriteWide(string folder, string tokenizer)
    {
        var packed = Tensors.ToDictionary();
        foreach (var (name, weights) in Weights)
        {
            string module = name[..^".weight".Length];
            long[] shape = [weights.Length / Inputs(module), Inputs(module)];
            foreach (string part in (string[])[".qweight", ".qzeros", ".scales", ".g_idx"])
            {
                Tensors.Remove(module + part);
            }

            Tensors.Add(name, ("F32", shape, MemoryMarshal.AsBytes<float>(weights).ToArray()));
        }

        Config.Remove("quantization_config");
        Write(folder, tokenizer);
        Config["quantization_config"] = Quantization;
        Tensors.Clear();
        foreach (var (name, tensor) in packed)
        {
            Tensors.Add(name, tensor);
        }
    }

    /// <summary>A safetensors file.</summary>
    public static byte[] Safetensors(IReadOnlyDictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        var header = new JsonObject();
        long at = 0;
        foreach (var (name, (type, shape, bytes)) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(at, at += bytes.Length),
            };
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. length, .. json, .. tensors.Values.SelectMany(t => t.Bytes)];
    }

    /// <summary>
    /// Codes q[i, o] in words: of consecutive inputs of an output, [inputs / n, outputs] (GPTQ), or of consecutive outputs of an input in
    /// AWQ's order, [inputs, outputs / 8].
    /// </summary>
    public static uint[] PackCodes(int[,] q, int bits, bool isAwq)
    {
        if (isAwq)
        {
            return PackAlongOutputs(q, bits, isAwq);
        }

        int perWord = 32 / bits;
        int outputs = q.GetLength(1);
        uint[] words = new uint[q.Length / perWord];
        for (int i = 0; i < q.GetLength(0); i++)
        {
            for (int o = 0; o < outputs; o++)
            {
                words[(i / perWord * outputs) + o] |= (uint)q[i, o] << (bits * (i % perWord));
            }
        }

        return words;
    }

    /// <summary>Zeros z[g, o] as they are stored: words of consecutive outputs, in AWQ's order or as they are.</summary>
    public static uint[] PackAlongOutputs(int[,] z, int bits, bool isAwq)
    {
        int perWord = 32 / bits;
        int words = z.GetLength(1) / perWord;
        uint[] packed = new uint[z.GetLength(0) * words];
        for (int row = 0; row < z.GetLength(0); row++)
        {
            for (int word = 0; word < words; word++)
            {
                for (int k = 0; k < perWord; k++)
                {
                    packed[(row * words) + word] |= (uint)z[row, (word * perWord) + (isAwq ? s_awqOrder[k] : k)] << (bits * k);
                }
            }
        }

        return packed;
    }

    /// <summary>The same scale for four groups of 128 outputs, in F16, BF16 or F32.</summary>
    public static (string Type, long[] Shape, byte[] Bytes) Scales(string type, float scale)
    {
        byte[] one = type switch
        {
            "F16" => BitConverter.GetBytes((Half)scale),
            "BF16" => BitConverter.GetBytes(scale)[2..],
            _ => BitConverter.GetBytes(scale),
        };
        return (type, [4, 128], [.. Enumerable.Repeat(one, 4 * 128).SelectMany(bytes => bytes)]);
    }

    public static byte[] Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    private static int Inputs(string module) => module.EndsWith("down_proj", StringComparison.Ordinal) ? Inner : Hidden;

    private void AddMatrix(string module, int inputs, int outputs, int group)
    {
        int groups = inputs / group;
        int most = (1 << _bits) - 1;
        int[,] codes = new int[inputs, outputs], zeros = new int[groups, outputs], storedZeros = new int[groups, outputs];
        var scales = new Half[groups * outputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int g = 0; g < groups; g++)
            {
                zeros[g, o] = _bits == 8 ? 128 : _random.Next(_lessZero, 16);
                storedZeros[g, o] = zeros[g, o] - _lessZero;
                scales[(g * outputs) + o] = (Half)((0.01f + (0.02f * _random.NextSingle())) / (1 << (_bits - 4)));
            }

            for (int i = 0; i < inputs; i++)
            {
                codes[i, o] = _random.Next(most + 1);
            }
        }

        float[] weights = new float[outputs * inputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                int g = i / group;
                weights[(o * inputs) + i] = (float)scales[(g * outputs) + o] * (codes[i, o] - zeros[g, o]);
            }
        }

        int perWord = 32 / _bits;
        Weights.Add(module + ".weight", weights);
        Tensors.Add(module + ".qweight", (
            "I32", _isAwq ? [inputs, outputs / perWord] : [inputs / perWord, outputs], Bytes(PackCodes(codes, _bits, _isAwq))));
        Tensors.Add(module + ".qzeros", ("I32", [groups, outputs / perWord], Bytes(PackAlongOutputs(storedZeros, _bits, _isAwq))));
        Tensors.Add(module + ".scales", ("F16", [groups, outputs], Bytes(scales)));
        if (!_isAwq)
        {
            int[] indices = [.. Enumerable.Range(0, inputs).Select(i => i / group)];
            Tensors.Add(module + ".g_idx", ("I32", [inputs], Bytes(indices)));
        }
    }

    private void AddHalves(string name, float size, params long[] shape)
    {
        var values = new Half[shape.Aggregate((a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (Half)(size * (0.1f + (0.9f * _random.NextSingle())) * (shape.Length == 1 || _random.Next(2) == 0 ? 1 : -1));
        }

        Tensors.Add(name, ("F16", shape, Bytes(values)));
    }
}
