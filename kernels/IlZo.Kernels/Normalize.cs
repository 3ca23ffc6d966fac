using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>
/// What <see cref="Normalize"/> takes; activations have a row a token and probe, parameters are [probes, features] or empty.
/// </summary>
public struct NormalizeArguments
{
    public RowsView X;
    public RowsView Y;
    public ArrayView<float> Weight;
    public ArrayView<float> Bias;

    /// <summary>Features that are normalized together.</summary>
    public int Features;

    /// <summary>Such parts of a row, one after another.</summary>
    public int Parts;

    /// <summary>Rows of a probe.</summary>
    public int Tokens;

    public float Epsilon;

    /// <summary>1 where the mean is taken away (LayerNorm), 0 where not (RMSNorm).</summary>
    public int Center;

    /// <summary>What is added to the weight.</summary>
    public float Offset;
}

/// <summary>
/// y = (x − mean) / √(var + ε) · w + b, or y = x / √(mean(x²) + ε) · (w + offset); a group a part of a row. X and Y may be the same.
/// </summary>
public static class Normalize
{
    /// <summary>Shared memory: a float a thread.</summary>
    [KernelName(nameof(Normalize))]
    public static void Run(NormalizeArguments a)
    {
        var scratch = SharedMemory.GetDynamic<float>();
        int row = Grid.IdxX / a.Parts;
        int first = Grid.IdxX % a.Parts * a.Features;
        int parameters = row / a.Tokens * a.Features;
        float mean = 0;
        if (a.Center != 0)
        {
            float sum = 0;
            for (int f = Group.IdxX; f < a.Features; f += Group.DimX)
            {
                sum += a.X[row, first + f];
            }

            mean = GroupReduction.Sum(sum, scratch) / a.Features;
        }

        float square = 0;
        for (int f = Group.IdxX; f < a.Features; f += Group.DimX)
        {
            float d = a.X[row, first + f] - mean;
            square += d * d;
        }

        float scale = 1 / MathF.Sqrt((GroupReduction.Sum(square, scratch) / a.Features) + a.Epsilon);
        for (int f = Group.IdxX; f < a.Features; f += Group.DimX)
        {
            float value = (a.X[row, first + f] - mean) * scale;
            value = a.Weight.Length > 0 ? value * (a.Weight[parameters + f] + a.Offset) : value;
            a.Y[row, first + f] = a.Bias.Length > 0 ? value + a.Bias[parameters + f] : value;
        }
    }
}

/// <summary>Sums and maxima over the threads of a group, in an order that is always the same.</summary>
public static class GroupReduction
{
    /// <summary>The sum of all threads' values, for all of them.</summary>
    public static float Sum(float value, ArrayView<float> scratch)
    {
        scratch[Group.IdxX] = value;
        for (int count = Group.DimX; count > 1;)
        {
            int half = (count + 1) / 2;
            Group.Barrier();
            if (Group.IdxX + half < count)
            {
                scratch[Group.IdxX] += scratch[Group.IdxX + half];
            }

            count = half;
        }

        return First(scratch);
    }

    /// <summary>The largest of all threads' values, for all of them.</summary>
    public static float Max(float value, ArrayView<float> scratch)
    {
        scratch[Group.IdxX] = value;
        for (int count = Group.DimX; count > 1;)
        {
            int half = (count + 1) / 2;
            Group.Barrier();
            if (Group.IdxX + half < count)
            {
                scratch[Group.IdxX] = MathF.Max(scratch[Group.IdxX], scratch[Group.IdxX + half]);
            }

            count = half;
        }

        return First(scratch);
    }

    private static float First(ArrayView<float> scratch)
    {
        Group.Barrier();
        float first = scratch[0];
        Group.Barrier();
        return first;
    }
}
