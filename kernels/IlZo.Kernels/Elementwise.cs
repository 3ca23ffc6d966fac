using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Kernels;

/// <summary>What <see cref="Elementwise.Multiply"/> and <see cref="Elementwise.Add"/> take.</summary>
public struct PairArguments
{
    public RowsView X;
    public RowsView Y;
    public int Rows;
    public int Features;
}

/// <summary>What <see cref="Elementwise.Scale"/> takes, and <see cref="Elementwise.Apply"/> but for the factor.</summary>
public struct ScaleArguments
{
    public RowsView X;
    public int Rows;
    public int Features;
    public float Factor;
}

/// <summary>What <see cref="Elementwise.Rotate"/> takes.</summary>
public struct RotateArguments
{
    /// <summary>A row a token and probe: head after head.</summary>
    public RowsView X;

    /// <summary>Rows of all probes.</summary>
    public int Rows;

    /// <summary>Cosines, then sines: [2, tokens, half a head].</summary>
    public ArrayView<float> Angles;

    public int Tokens;
    public int Heads;

    /// <summary>Features of a head.</summary>
    public int Size;

    /// <summary>Pairs of a head that are rotated.</summary>
    public int Half;
}

/// <summary>What <see cref="Elementwise.Gather"/> takes.</summary>
public struct GatherArguments
{
    /// <summary>A row a token and probe.</summary>
    public RowsView X;

    /// <summary>[probes, rows, features].</summary>
    public ArrayView<float> Y;

    /// <summary>The tokens to take.</summary>
    public ArrayView<int> Rows;

    public int RowCount;
    public int Tokens;
    public int Features;
}

/// <summary>Operations on elements one by one; a thread takes every n-th one.</summary>
public static class Elementwise
{
    /// <summary>x = x + y.</summary>
    [KernelName("Elementwise_Add")]
    public static void Add(PairArguments a)
    {
        long count = (long)a.Rows * a.Features;
        for (long i = First; i < count; i += Step)
        {
            a.X[i / a.Features, (int)(i % a.Features)] += a.Y[i / a.Features, (int)(i % a.Features)];
        }
    }

    /// <summary>x = f(x).</summary>
    [KernelName("Elementwise_Apply")]
    public static void Apply<TActivation>(ScaleArguments a)
        where TActivation : struct, IActivation
    {
        long count = (long)a.Rows * a.Features;
        for (long i = First; i < count; i += Step)
        {
            a.X[i / a.Features, (int)(i % a.Features)] = TActivation.Apply(a.X[i / a.Features, (int)(i % a.Features)]);
        }
    }

    /// <summary>x = x · y.</summary>
    [KernelName("Elementwise_Multiply")]
    public static void Multiply(PairArguments a)
    {
        long count = (long)a.Rows * a.Features;
        for (long i = First; i < count; i += Step)
        {
            a.X[i / a.Features, (int)(i % a.Features)] *= a.Y[i / a.Features, (int)(i % a.Features)];
        }
    }

    /// <summary>x = s · x.</summary>
    [KernelName("Elementwise_Scale")]
    public static void Scale(ScaleArguments a)
    {
        long count = (long)a.Rows * a.Features;
        for (long i = First; i < count; i += Step)
        {
            a.X[i / a.Features, (int)(i % a.Features)] *= a.Factor;
        }
    }

    /// <summary>Rotates the pairs (i, i + half) of every head by the token's angles; what follows them stays.</summary>
    [KernelName("Elementwise_Rotate")]
    public static void Rotate(RotateArguments a)
    {
        int pairsOfToken = a.Heads * a.Half;
        long pairs = (long)a.Rows * pairsOfToken;
        for (long i = First; i < pairs; i += Step)
        {
            long row = i / pairsOfToken;
            int pair = (int)(i % pairsOfToken);
            int k = pair % a.Half;
            int at = (pair / a.Half * a.Size) + k;
            long angle = (row % a.Tokens * a.Half) + k;
            float c = a.Angles[angle];
            float s = a.Angles[((long)a.Tokens * a.Half) + angle];
            float x = a.X[row, at];
            float y = a.X[row, at + a.Half];
            a.X[row, at] = (x * c) - (y * s);
            a.X[row, at + a.Half] = (y * c) + (x * s);
        }
    }

    /// <summary>y[probe][i] = x[probe][rows[i]].</summary>
    [KernelName("Elementwise_Gather")]
    public static void Gather(GatherArguments a)
    {
        for (long i = First; i < a.Y.Length; i += Step)
        {
            long row = i / a.Features;
            long from = (row / a.RowCount * a.Tokens) + a.Rows[row % a.RowCount];
            a.Y[i] = a.X[from, (int)(i % a.Features)];
        }
    }

    private static long First => ((long)Grid.IdxX * Group.DimX) + Group.IdxX;

    private static long Step => (long)Grid.DimX * Group.DimX;
}
