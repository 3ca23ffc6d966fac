using System.Runtime.InteropServices;
using System.Text.Json;
using IlZo.Checkpoints;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// A decoder in float64, token by token and one number after the other, straight from the definitions and sharing nothing with the
/// engine: golden numbers for configurations without recorded ones. Each is itself checked against a recorded one.
/// </summary>
public abstract unsafe class ForwardReference
{
    private readonly Dictionary<string, double[]> _tensors = [];

    /// <param name="folder">A checkpoint of F32 weights in one file.</param>
    protected ForwardReference(string folder)
    {
        Config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json"))).RootElement;
        using var file = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        foreach (var tensor in file.Tensors)
        {
            var values = MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteCount));
            _tensors[tensor.Name] = [.. values.ToArray().Select(v => (double)v)];
        }
    }

    protected JsonElement Config { get; }

    protected double[] this[string tensor] => _tensors[tensor];

    /// <summary>The logits of every token, row after row.</summary>
    /// <param name="ids">A text.</param>
    /// <param name="window">For a layer, how many positions a token sees, its own included.</param>
    public abstract float[] Logits(int[] ids, Func<int, int>? window = null);

    protected static void Add(double[][] h, double[][] change)
    {
        for (int t = 0; t < h.Length; t++)
        {
            h[t] = [.. h[t].Zip(change[t], (a, b) => a + b)];
        }
    }

    /// <summary>softmax(scale · q kᵀ) v for every head, each key/value head serving consecutive heads.</summary>
    protected static double[][] Attend(double[][] q, double[][] k, double[][] v, int heads, int size, double scale, int window)
    {
        int keyHeads = k[0].Length / size;
        double[][] result = [.. q.Select(_ => new double[heads * size])];
        for (int t = 0; t < q.Length; t++)
        {
            for (int head = 0; head < heads; head++)
            {
                int at = head * size;
                int keyAt = head * keyHeads / heads * size;
                double[] weights = new double[t + 1];
                for (int s = 0; s <= t; s++)
                {
                    double score = Enumerable.Range(0, size).Sum(i => q[t][at + i] * k[s][keyAt + i]);
                    weights[s] = t - s < window ? Math.Exp(score * scale) : 0;
                }

                double sum = weights.Sum();
                for (int s = 0; s <= t; s++)
                {
                    for (int i = 0; i < size; i++)
                    {
                        result[t][at + i] += weights[s] / sum * v[s][keyAt + i];
                    }
                }
            }
        }

        return result;
    }

    protected bool Has(string tensor) => _tensors.ContainsKey(tensor);

    /// <summary>Row <paramref name="index"/> of a matrix.</summary>
    protected double[] Row(string tensor, int index, int columns) => this[tensor].AsSpan(index * columns, columns).ToArray();

    /// <summary>W x + b with W [out, in], or with W [in, out] where <paramref name="transposed"/>.</summary>
    protected double[] Linear(string name, double[] x, bool transposed = false)
    {
        double[] weight = this[name + ".weight"];
        int outputs = weight.Length / x.Length;
        double[] y = Has(name + ".bias") ? [.. this[name + ".bias"]] : new double[outputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < x.Length; i++)
            {
                y[o] += weight[transposed ? (i * outputs) + o : (o * x.Length) + i] * x[i];
            }
        }

        return y;
    }
}
