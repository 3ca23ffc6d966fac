using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Checkpoints;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// Llama and its variants in float64, token by token and one number after the other, straight from the definitions and sharing nothing
/// with the engine: golden numbers for architectures without recorded ones. Positions are not scaled.
/// </summary>
public sealed unsafe class LlamaReference
{
    private readonly Dictionary<string, double[]> _tensors = [];
    private readonly JsonElement _config;
    private readonly int _hidden;
    private readonly int _heads;
    private readonly int _keyHeads;
    private readonly int _size;
    private readonly double _epsilon;

    /// <param name="folder">A checkpoint of F32 weights in one file.</param>
    public LlamaReference(string folder)
    {
        _config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json"))).RootElement;
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        foreach (var tensor in file.Tensors)
        {
            var values = MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount));
            _tensors[tensor.Name] = [.. values.ToArray().Select(v => (double)v)];
        }

        _hidden = _config.GetProperty("hidden_size").GetInt32();
        _heads = _config.GetProperty("num_attention_heads").GetInt32();
        _keyHeads = _config.GetProperty("num_key_value_heads").GetInt32();
        _size = _config.TryGetProperty("head_dim", out var size) ? size.GetInt32() : _hidden / _heads;
        _epsilon = _config.GetProperty("rms_norm_eps").GetDouble();
    }

    /// <summary>The logits of every token, row after row.</summary>
    /// <param name="ids">A text.</param>
    /// <param name="window">For a layer, how many positions a token sees, its own included.</param>
    public float[] Logits(int[] ids, Func<int, int>? window = null)
    {
        double[][] h = [.. ids.Select(id => _tensors["model.embed_tokens.weight"].AsSpan(id * _hidden, _hidden).ToArray())];
        int layers = _config.GetProperty("num_hidden_layers").GetInt32();
        for (int layer = 0; layer < layers; layer++)
        {
            string name = $"model.layers.{layer}.";
            Add(h, Attention(name + "self_attn.", Normed(h, name + "input_layernorm.weight"), window?.Invoke(layer) ?? int.MaxValue));
            Add(h, Mlp(name + "mlp.", Normed(h, name + "post_attention_layernorm.weight")));
        }

        string head = _tensors.ContainsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        return [.. Normed(h, "model.norm.weight").SelectMany(x => Linear(head, x)).Select(v => (float)v)];
    }

    private static void Add(double[][] h, double[][] change)
    {
        for (int t = 0; t < h.Length; t++)
        {
            h[t] = [.. h[t].Zip(change[t], (a, b) => a + b)];
        }
    }

    private double[][] Attention(string name, double[][] x, int window)
    {
        double[][] q = [.. x.Select((row, t) => Rotated(HeadNormed(Linear(name + "q_proj", row), name + "q_norm.weight"), t))];
        double[][] k = [.. x.Select((row, t) => Rotated(HeadNormed(Linear(name + "k_proj", row), name + "k_norm.weight"), t))];
        double[][] v = [.. x.Select(row => Linear(name + "v_proj", row))];
        var result = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            double[] mixed = new double[_heads * _size];
            for (int head = 0; head < _heads; head++)
            {
                int at = head * _size;
                int keyAt = head * _keyHeads / _heads * _size;
                double[] weights = new double[t + 1];
                for (int s = 0; s <= t; s++)
                {
                    double score = q[t].AsSpan(at, _size).ToArray().Zip(k[s].AsSpan(keyAt, _size).ToArray(), (a, b) => a * b).Sum();
                    weights[s] = t - s < window ? Math.Exp(score / Math.Sqrt(_size)) : 0;
                }

                double sum = weights.Sum();
                for (int s = 0; s <= t; s++)
                {
                    for (int i = 0; i < _size; i++)
                    {
                        mixed[at + i] += weights[s] / sum * v[s][keyAt + i];
                    }
                }
            }

            result[t] = Linear(name + "o_proj", mixed);
        }

        return result;
    }

    private double[][] Mlp(string name, double[][] x) => [.. x.Select(row =>
        Linear(name + "down_proj", [.. Linear(name + "gate_proj", row).Zip(Linear(name + "up_proj", row), (g, u) => g / (1 + Math.Exp(-g)) * u)]))];

    private double[] Linear(string name, double[] x)
    {
        double[] weight = _tensors[name + ".weight"];
        double[] y = _tensors.TryGetValue(name + ".bias", out double[]? bias) ? [.. bias] : new double[weight.Length / x.Length];
        for (int i = 0; i < weight.Length; i++)
        {
            y[i / x.Length] += weight[i] * x[i % x.Length];
        }

        return y;
    }

    private double[][] Normed(double[][] x, string weight) => [.. x.Select(row => Norm(row, _tensors[weight]))];

    private double[] Norm(double[] x, double[] weight)
    {
        double root = Math.Sqrt((x.Sum(v => v * v) / x.Length) + _epsilon);
        return [.. x.Zip(weight, (v, w) => v / root * w)];
    }

    private double[] HeadNormed(double[] x, string weight) =>
        _tensors.TryGetValue(weight, out double[]? w) ? [.. x.Chunk(_size).SelectMany(head => Norm(head, w))] : x;

    // Feature i of a head turns with feature i + size/2.
    private double[] Rotated(double[] x, int position)
    {
        double theta = _config.GetProperty("rope_theta").GetDouble();
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int feature = i % _size;
            int pair = feature % (_size / 2);
            double angle = position * Math.Pow(theta, -2.0 * pair / _size);
            double other = feature < _size / 2 ? -x[i + (_size / 2)] : x[i - (_size / 2)];
            y[i] = (x[i] * Math.Cos(angle)) + (other * Math.Sin(angle));
        }

        return y;
    }
}
