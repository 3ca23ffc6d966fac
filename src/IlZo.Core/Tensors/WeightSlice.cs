namespace IlZo.Tensors;

/// <summary>Where a slice of weights lies: consecutive columns of one row.</summary>
/// <param name="Parameter">The tensor.</param>
/// <param name="Row">The row.</param>
/// <param name="Column">The first column.</param>
internal readonly record struct WeightSlice(Parameter Parameter, int Row, int Column)
{
    /// <summary>The number of the first element among those of the tensor.</summary>
    public long Start => ((long)Row * Parameter.Columns) + Column;
}
