using System.Numerics.Tensors;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// U Vᵀ for every matrix, with U of m rows and V of n rows and r numbers in each; another direction for vectors. It is made from V and
/// numbers of U alone, (m + n)r of them and not mn.
/// </summary>
/// <param name="left">U.</param>
/// <param name="right">
/// The r columns of each matrix's V one after another, by <see cref="Parameter.Index"/>; null for vectors. r is at most
/// <see cref="NoiseField.Group"/>, and may differ between matrices.
/// </param>
/// <param name="vectors">What vectors have.</param>
internal sealed class LowRankDirection(LeftFactor left, IReadOnlyList<float[]?> right, Direction vectors) : Direction
{
    internal LeftFactor Left => left;

    internal Direction Vectors => vectors;

    internal override bool ReadsWeights => vectors.ReadsWeights;

    /// <summary>V of a matrix; null for a vector.</summary>
    internal float[]? Right(Parameter parameter) => right[parameter.Index];

    /// <summary>r of a matrix.</summary>
    internal int Rank(Parameter parameter) => right[parameter.Index]!.Length / parameter.Columns;

    public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
    {
        if (right[parameter.Index] is not { } v)
        {
            vectors.Fill(parameter, row, column, destination);
            return;
        }

        Span<float> u = stackalloc float[NoiseField.Group];
        u = u[..Rank(parameter)];
        left.Fill(parameter, row, u);
        TensorPrimitives.Multiply(v.AsSpan(column, destination.Length), u[0], destination);
        for (int k = 1; k < u.Length; k++)
        {
            TensorPrimitives.FusedMultiplyAdd(
                v.AsSpan((k * parameter.Columns) + column, destination.Length), u[k], destination, destination);
        }
    }
}
