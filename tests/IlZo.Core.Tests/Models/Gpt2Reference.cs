using IlZo.Arithmetic.Vectors;

namespace IlZo.Core.Tests.Models;

/// <summary>GPT-2 by the fields of its configuration, with every field given.</summary>
public sealed class Gpt2Reference(string folder) : ForwardReference(folder)
{
    private const string Prefix = "transformer.";

    public override float[] Logits(int[] ids, Func<int, int>? window = null)
    {
        int hidden = Size("n_embd");
        double[][] h = [.. ids.Select(
            (id, t) => Row(Prefix + "wte.weight", id, hidden).Zip(Row(Prefix + "wpe.weight", t, hidden), (a, b) => a + b).ToArray())];
        for (int layer = 0; layer < Size("n_layer"); layer++)
        {
            string name = $"{Prefix}h.{layer}.";
            double[][] joint = [.. Normed(h, name + "ln_1").Select(x => Linear(name + "attn.c_attn", x, transposed: true))];
            double[][] Part(int index) => [.. joint.Select(row => row[(index * hidden)..((index + 1) * hidden)])];
            int size = hidden / Size("n_head");
            double scale =
                (Flag("scale_attn_weights") ? 1 / Math.Sqrt(size) : 1) / (Flag("scale_attn_by_inverse_layer_idx") ? layer + 1 : 1);
            double[][] mixed = Attend(Part(0), Part(1), Part(2), Size("n_head"), size, scale, int.MaxValue);
            Add(h, [.. mixed.Select(x => Linear(name + "attn.c_proj", x, transposed: true))]);
            Add(h, [.. Normed(h, name + "ln_2").Select(x => Linear(
                name + "mlp.c_proj", [.. Linear(name + "mlp.c_fc", x, transposed: true).Select(Activate)], transposed: true))]);
        }

        string head = Has("lm_head.weight") ? "lm_head" : Prefix + "wte";
        return [.. Normed(h, Prefix + "ln_f").SelectMany(x => Linear(head, x)).Select(v => (float)v)];
    }

    private int Size(string name) => Config.GetProperty(name).GetInt32();

    private bool Flag(string name) => Config.GetProperty(name).GetBoolean();

    private double Activate(double x) => Config.GetProperty("activation_function").GetString() switch
    {
        "relu" => Math.Max(x, 0),
        "silu" => x / (1 + Math.Exp(-x)),
        _ => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
    };

    private double[][] Normed(double[][] x, string name) => [.. x.Select(row =>
    {
        double mean = row.Average();
        double deviation = Math.Sqrt(row.Average(v => (v - mean) * (v - mean)) + Config.GetProperty("layer_norm_epsilon").GetDouble());
        return row.Select((v, i) => ((v - mean) / deviation * this[name + ".weight"][i]) + this[name + ".bias"][i]).ToArray();
    })];
}
