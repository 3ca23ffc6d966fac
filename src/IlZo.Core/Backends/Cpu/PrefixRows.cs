using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>The keys and values of a prefix at the points of a pass, as [point][feature][tokens].</summary>
/// <param name="keys">The keys at the first point.</param>
/// <param name="values">The values at the first point.</param>
/// <param name="features">Features of a key.</param>
/// <param name="count">Tokens of the prefix; 0 where there is none.</param>
/// <param name="perturbed">Whether each probe has its own.</param>
internal readonly unsafe struct PrefixRows(float* keys, float* values, int features, int count, bool perturbed)
{
    public int Count { get; } = count;

    /// <summary>Whether all probes have the same.</summary>
    public bool IsShared => !perturbed;

    public float* Keys(int probe, int feature) => At(keys, probe, feature);

    public float* Values(int probe, int feature) => At(values, probe, feature);

    /// <summary>Reads a tensor [tokens, features] at some points as [point][feature][tokens].</summary>
    public static void Read(Parameter tensor, PassPoints points, float* destination, WorkerScratch scratch)
    {
        float* slice = scratch.Packed((long)points.Count * Panel.Depth);
        for (int token = 0; token < tensor.Rows; token++)
        {
            for (int column = 0; column < tensor.Columns; column += Panel.Depth)
            {
                int depth = Math.Min(Panel.Depth, tensor.Columns - column);
                WeightReader.Read(tensor, token, column, depth, points, slice, Panel.Depth, scratch);
                for (int point = 0; point < points.Count; point++)
                {
                    float* to = destination + (((((long)point * tensor.Columns) + column) * tensor.Rows) + token);
                    for (int f = 0; f < depth; f++)
                    {
                        to[(long)f * tensor.Rows] = slice[(point * Panel.Depth) + f];
                    }
                }
            }
        }
    }

    private float* At(float* first, int probe, int feature) => first + ((((perturbed ? (long)probe : 0) * features) + feature) * Count);
}
