using IlZo.Tensors;

namespace IlZo.Perturbations;

/// <summary>
/// Sums over all weights that methods need beside losses. They are in fp64 and have one order on every device (that of
/// <see cref="RowSums"/>), because they go into state that must be the same wherever a log is replayed.
/// </summary>
public interface IWeightSums
{
    /// <summary>Σ δᵢ² over each row of some tensors that are trained.</summary>
    /// <returns>[tensor][row].</returns>
    double[][] RowSquares(IReadOnlyList<Parameter> parameters, Direction direction);

    /// <summary>The products of a direction with a vector for each tensor.</summary>
    /// <param name="parameters">The tensors, which are trained.</param>
    /// <param name="direction">δ.</param>
    /// <param name="vectors">a of each tensor, in the order of the tensors and as long as their rows.</param>
    /// <param name="weighted">Whether the sum over the rows is Σ d·δ, and not Σ δ.</param>
    RowProducts[] Multiply(IReadOnlyList<Parameter> parameters, Direction direction, IReadOnlyList<float[]> vectors, bool weighted);
}

/// <summary>Products of a tensor's rows with a vector a.</summary>
/// <param name="Dots">d = aᵀδ of each row.</param>
/// <param name="Sum">
/// Σ d·δ over the rows, or Σ δ, in fp32: a fused multiply-add a row, in shares of <see cref="Share"/> elements, which are then added in
/// order.
/// </param>
public sealed record RowProducts(double[] Dots, float[] Sum)
{
    /// <summary>Elements of the rows that are summed one after the other.</summary>
    internal const int Share = 1 << 20;
}
