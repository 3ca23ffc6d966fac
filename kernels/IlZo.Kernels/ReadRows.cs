using IlZo.Noise;
using ILGPU;

namespace IlZo.Kernels;

/// <summary>Probes that a kernel reads weights for: one, or two along one direction, which share the read and the noise.</summary>
public interface IProbes
{
    static abstract bool AreTwo { get; }
}

/// <summary>One probe.</summary>
public readonly struct OneProbe : IProbes
{
    public static bool AreTwo => false;
}

/// <summary>Two probes along one direction.</summary>
public readonly struct TwoProbes : IProbes
{
    public static bool AreTwo => true;
}

/// <summary>A tensor as probes see it: θ + rδ.</summary>
public struct PerturbedWeights
{
    /// <summary>The tensor, row-major.</summary>
    public WeightView Weights;

    /// <summary>Its columns.</summary>
    public int Columns;

    public NoiseSource Noise;

    /// <summary>The coefficients of the normal transform.</summary>
    public ArrayView<float> Table;

    /// <summary>r of the first probe.</summary>
    public float Radius0;

    /// <summary>r of the second probe.</summary>
    public float Radius1;
}

/// <summary>What <see cref="ReadRows"/> takes.</summary>
public struct ReadRowsArguments
{
    public PerturbedWeights Table;

    /// <summary>The rows to read.</summary>
    public ArrayView<int> Rows;

    /// <summary>For the first probe [rows, columns].</summary>
    public ArrayView<float> Y0;

    /// <summary>For the second probe.</summary>
    public ArrayView<float> Y1;

    /// <summary>1 where results are added to what is there, else 0.</summary>
    public int Accumulate;
}

/// <summary>Looks up rows of a tensor at one or two probes: y[i] (+)= θ[rows[i]] + rδ[rows[i]]. A group a row.</summary>
public static class ReadRows
{
    public static void Run<TFormat, TDirection, TProbes>(ReadRowsArguments a)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes
    {
        int row = a.Rows[Grid.IdxX];
        int columns = a.Table.Columns;
        long to = (long)Grid.IdxX * columns;
        for (int item = Group.IdxX; item < a.Table.Noise.GroupsPerRow * NoiseField.BlocksPerGroup; item += Group.DimX)
        {
            int group = item / NoiseField.BlocksPerGroup;
            int block = item % NoiseField.BlocksPerGroup;
            var words = TDirection.IsPerturbed ? a.Table.Noise.Block(row, group, block) : default;
            for (int i = 0; i < NoiseWords.Count; i++)
            {
                int column = (group * NoiseField.Group) + NoiseWords.Column(block, i);
                if (column < columns)
                {
                    float weight = TFormat.Load(a.Table.Weights, ((long)row * columns) + column);
                    float element = TDirection.IsPerturbed ? TDirection.Element(words.Bits(i), a.Table.Noise.Scale, a.Table.Table) : 0;
                    Put(a.Y0, to + column, DeviceMath.FusedMultiplyAdd(element, a.Table.Radius0, weight), a.Accumulate);
                    if (TProbes.AreTwo)
                    {
                        Put(a.Y1, to + column, DeviceMath.FusedMultiplyAdd(element, a.Table.Radius1, weight), a.Accumulate);
                    }
                }
            }
        }
    }

    private static void Put(ArrayView<float> y, long index, float value, int accumulate) =>
        y[index] = accumulate != 0 ? y[index] + value : value;
}
