using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="LogSumExp.Reduce"/> takes.</summary>
public struct ReduceArguments
{
    /// <summary>[rows, columns]: some columns of the vocabulary.</summary>
    public ArrayView<float> Logits;

    public int Columns;

    /// <summary>For each row the largest logit.</summary>
    public ArrayView<float> Largest;

    /// <summary>For each row Σ exp(logit − largest).</summary>
    public ArrayView<float> Sums;
}

/// <summary>What <see cref="LogSumExp.Cap"/> takes.</summary>
public struct CapArguments
{
    public ArrayView<float> Logits;
    public float SoftCap;
}

/// <summary>What <see cref="LogSumExp.Pick"/> takes.</summary>
public struct PickArguments
{
    /// <summary>[probes, rows, columns]: the columns of the vocabulary from <see cref="FirstColumn"/> on.</summary>
    public ArrayView<float> Logits;

    public int Rows;
    public int Columns;
    public int FirstColumn;

    /// <summary>Pairs of a row and a vocabulary id.</summary>
    public ArrayView<int> Targets;

    public int TargetCount;

    /// <summary>[probes, targets]; only those whose id is among the columns are written.</summary>
    public ArrayView<float> Picked;
}

/// <summary>
/// What a loss needs of logits: maxima, sums of exponentials, and the logits of the targets. No sum depends on the order of threads.
/// </summary>
public static class LogSumExp
{
    /// <summary>z = c · tanh(z / c).</summary>
    [KernelName("LogSumExp_Cap")]
    public static void Cap(CapArguments a)
    {
        for (long i = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; i < a.Logits.Length; i += (long)Grid.DimX * Group.DimX)
        {
            a.Logits[i] = a.SoftCap * Tanh.Apply(a.Logits[i] / a.SoftCap);
        }
    }

    /// <summary>A group a row; shared memory: a float a thread.</summary>
    [KernelName("LogSumExp_Reduce")]
    public static void Reduce(ReduceArguments a)
    {
        var scratch = SharedMemory.GetDynamic<float>();
        long row = (long)Grid.IdxX * a.Columns;
        float largest = float.NegativeInfinity;
        for (int i = Group.IdxX; i < a.Columns; i += Group.DimX)
        {
            largest = MathF.Max(largest, a.Logits[row + i]);
        }

        largest = GroupReduction.Max(largest, scratch);
        float sum = 0;
        for (int i = Group.IdxX; i < a.Columns; i += Group.DimX)
        {
            sum += MathF.Exp(a.Logits[row + i] - largest);
        }

        sum = GroupReduction.Sum(sum, scratch);
        if (Group.IdxX == 0)
        {
            a.Largest[Grid.IdxX] = largest;
            a.Sums[Grid.IdxX] = sum;
        }
    }

    /// <summary>A thread a target and probe.</summary>
    [KernelName("LogSumExp_Pick")]
    public static void Pick(PickArguments a)
    {
        int i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (i < a.Picked.Length)
        {
            int target = i % a.TargetCount;
            int column = a.Targets[(2 * target) + 1] - a.FirstColumn;
            if (column >= 0 && column < a.Columns)
            {
                long row = ((long)(i / a.TargetCount) * a.Rows) + a.Targets[2 * target];
                a.Picked[i] = a.Logits[(row * a.Columns) + column];
            }
        }
    }
}
