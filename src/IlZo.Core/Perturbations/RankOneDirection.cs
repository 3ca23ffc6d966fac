using System.Numerics.Tensors;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// Another direction u after a rank-one change: y = u − κ(aᵀu)a for every row of a tensor with the tensor's own a and κ, or with whole
/// tensors as blocks for all rows at once, where a is repeated for each of them. A dot product takes one more generation of its row and
/// is kept for the life of the object; whoever needs it first computes it, and two who do so at once find the same number.
/// </summary>
/// <param name="inner">u.</param>
/// <param name="vectors">a, by <see cref="Parameter.Id"/>; as long as the tensor's rows.</param>
/// <param name="factors">κ, by <see cref="Parameter.Id"/>.</param>
/// <param name="wholeTensors">Whether a block is a tensor and not a row.</param>
public sealed class RankOneDirection(Direction inner, IReadOnlyList<float[]> vectors, IReadOnlyList<double> factors, bool wholeTensors) : Direction
{
    private readonly double[]?[] _dots = new double[]?[vectors.Count];

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        inner.Fill(parameter, row, column, destination);
        float factor = (float)(-factors[parameter.Id] * Dot(parameter, row));
        var a = vectors[parameter.Id].AsSpan(column, destination.Length);
        TensorPrimitives.FusedMultiplyAdd(a, factor, destination, destination);
    }

    /// <summary>aᵀu for the block of a row.</summary>
    public double Dot(Parameter parameter, int row)
    {
        int index = wholeTensors ? 0 : row;
        double[] dots = _dots[parameter.Id] ?? Room(parameter);
        double dot = Volatile.Read(ref dots[index]);
        return !double.IsNaN(dot) ? dot : wholeTensors ? WholeDot(parameter, dots) : Keep(dots, row, RowDot(parameter, row));
    }

    private static double Keep(double[] dots, int index, double dot)
    {
        Volatile.Write(ref dots[index], dot);
        return dot;
    }

    private double[] Room(Parameter parameter)
    {
        double[] fresh = new double[wholeTensors ? 1 : parameter.Rows];
        fresh.AsSpan().Fill(double.NaN);
        return Interlocked.CompareExchange(ref _dots[parameter.Id], fresh, null) ?? fresh;
    }

    private double WholeDot(Parameter parameter, double[] dots)
    {
        // The others wait for the sum rather than all forming it.
        lock (dots)
        {
            return double.IsNaN(dots[0]) ? Keep(dots, 0, Enumerable.Range(0, parameter.Rows).Sum(row => RowDot(parameter, row))) : dots[0];
        }
    }

    private double RowDot(Parameter parameter, int row) => RowSums.Dot(inner, parameter, row, vectors[parameter.Id]);
}
