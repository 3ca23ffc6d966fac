namespace IlZo.Tensors;

/// <summary>Some consecutive rows of a tensor: a share of a pass over weights.</summary>
/// <param name="Parameter">The tensor.</param>
/// <param name="Row">The first row.</param>
/// <param name="Rows">How many.</param>
internal readonly record struct RowBlock(Parameter Parameter, int Row, int Rows)
{
    // Large tensors are shared out, and small ones do not cost a dispatch each.
    private const int Share = 1 << 16;

    /// <summary>All rows of some tensors, in their order.</summary>
    /// <param name="parameters">The tensors.</param>
    /// <param name="elements">About how many elements a block has.</param>
    public static IReadOnlyList<RowBlock> Of(IEnumerable<Parameter> parameters, int elements = Share)
    {
        var blocks = new List<RowBlock>();
        foreach (var parameter in parameters)
        {
            int rows = Math.Max(1, elements / parameter.Columns);
            for (int row = 0; row < parameter.Rows; row += rows)
            {
                blocks.Add(new RowBlock(parameter, row, Math.Min(rows, parameter.Rows - row)));
            }
        }

        return blocks;
    }
}
