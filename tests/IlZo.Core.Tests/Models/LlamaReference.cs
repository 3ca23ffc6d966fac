namespace IlZo.Core.Tests.Models;

/// <summary>Llama and its variants, with positions that are not scaled.</summary>
public sealed class LlamaReference : ForwardReference
{
    private readonly int _hidden;
    private readonly int _heads;
    private readonly int _size;
    private readonly double _epsilon;

    public LlamaReference(string folder)
        : base(folder)
    {
        _hidden = Config.GetProperty("hidden_size").GetInt32();
        _heads = Config.GetProperty("num_attention_heads").GetInt32();
        _size = Config.TryGetProperty("head_dim", out var size) ? size.GetInt32() : _hidden / _heads;
        _epsilon = Config.GetProperty("rms_norm_eps").GetDouble();
    }

    public override float[] Logits(int[] ids, Func<int, int>? window = null)
    {
        double[][] h = [.. ids.Select(id => Row("model.embed_tokens.weight", id, _hidden))];
        int layers = Config.GetProperty("num_hidden_layers").GetInt32();
        for (int layer = 0; layer < layers; layer++)
        {
            string name = $"model.layers.{layer}.";
            Add(h, Attention(name + "self_attn.", Normed(h, name + "input_layernorm.weight"), window?.Invoke(layer) ?? int.MaxValue));
            Add(h, Mlp(name + "mlp.", Normed(h, name + "post_attention_layernorm.weight")));
        }

        string head = Has("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        return [.. Normed(h, "model.norm.weight").SelectMany(x => Linear(head, x)).Select(v => (float)v)];
    }

    private double[][] Attention(string name, double[][] x, int window)
    {
        double[][] q = [.. x.Select((row, t) => Rotated(HeadNormed(Linear(name + "q_proj", row), name + "q_norm.weight"), t))];
        double[][] k = [.. x.Select((row, t) => Rotated(HeadNormed(Linear(name + "k_proj", row), name + "k_norm.weight"), t))];
        double[][] v = [.. x.Select(row => Linear(name + "v_proj", row))];
        return [.. Attend(q, k, v, _heads, _size, 1 / Math.Sqrt(_size), window).Select(mixed => Linear(name + "o_proj", mixed))];
    }

    private double[][] Mlp(string name, double[][] x) => [.. x.Select(row =>
        Linear(
            name + "down_proj",
            [.. Linear(name + "gate_proj", row).Zip(Linear(name + "up_proj", row), (g, u) => g / (1 + Math.Exp(-g)) * u)]))];

    private double[][] Normed(double[][] x, string weight) => [.. x.Select(row => Norm(row, this[weight]))];

    private double[] Norm(double[] x, double[] weight)
    {
        double root = Math.Sqrt((x.Sum(v => v * v) / x.Length) + _epsilon);
        return [.. x.Zip(weight, (v, w) => v / root * w)];
    }

    private double[] HeadNormed(double[] x, string weight) =>
        Has(weight) ? [.. x.Chunk(_size).SelectMany(head => Norm(head, this[weight]))] : x;

    // Feature i of a head turns with feature i + size/2.
    private double[] Rotated(double[] x, int position)
    {
        double theta = Config.GetProperty("rope_theta").GetDouble();
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
