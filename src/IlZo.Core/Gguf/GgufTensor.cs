namespace IlZo.Gguf;

/// <summary>A tensor of a file.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="IsVector">Whether it has one dimension.</param>
/// <param name="Rows">Its numbers.</param>
/// <param name="KeepsExact">Whether it stays in fp32 whatever matrices are kept in: vectors and tables of positions do.</param>
internal sealed record GgufTensor(string Name, bool IsVector, GgufRows Rows, bool KeepsExact)
{
    /// <summary>
    /// The type in which it is kept where matrices are kept in some type. Rows that are no multiple of a block's length are kept in fp16
    /// in place of blocks.
    /// </summary>
    public GgufType TypeFor(GgufType matrices) => KeepsExact ? GgufType.F32
        : matrices == GgufType.Q8_0 && Rows.Columns % GgufTypes.BlockLength != 0 ? GgufType.F16
        : matrices;

    /// <summary>Bytes in some type.</summary>
    public long Bytes(GgufType type) => checked(Rows.Rows * type.RowBytes(Rows.Columns));
}
