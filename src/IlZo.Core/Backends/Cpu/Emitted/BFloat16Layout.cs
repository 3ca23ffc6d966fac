namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// How the operands of bfloat16 products lie in memory: W as the rows it has, X as pairs of features, so that one 32-bit element of either
/// holds two neighbours of the summed dimension.
/// <code>
/// W  [row][column]                          one row:   hi 768 × 2 B | lo 768 × 2 B (split only) | 64 B
/// X  [column / 2][hi, lo][token][2]         one pair:  hi 32 tokens × 4 B | lo 32 tokens × 4 B (split only)
/// </code>
/// </summary>
/// <param name="IsSplit">
/// Whether each number x is kept as the two bfloat16 numbers hi = round(x) and lo = round(x − hi), which together have 16 bits of
/// precision.
/// </param>
internal readonly record struct BFloat16Layout(bool IsSplit)
{
    /// <summary>The longest slice of the summed dimension.</summary>
    public const int Depth = 4 * Panel.Depth;

    /// <summary>Slices are padded with zeros to a multiple of this: the columns of one tile.</summary>
    public const int ColumnGroup = 32;

    /// <summary>From the high half of a packed row to its low half.</summary>
    public const int LowRowOffset = Depth * sizeof(ushort);

    /// <summary>From the high half of a pair of features to its low half.</summary>
    public const int LowPairOffset = Panel.Lanes * 2 * sizeof(ushort);

    // An odd number of cache lines, so that the rows of a tile do not compete for cache sets.
    private const int RowPadding = 64;

    /// <summary>Bytes from one packed row of W to the next.</summary>
    public int RowBytes => (LowRowOffset * Parts) + RowPadding;

    /// <summary>Bytes from one pair of features of X to the next.</summary>
    public int PairBytes => LowPairOffset * Parts;

    private int Parts => IsSplit ? 2 : 1;

    /// <summary>Columns padded to whole groups.</summary>
    public static int PaddedColumns(int columns) => (columns + ColumnGroup - 1) / ColumnGroup * ColumnGroup;

    /// <summary>Bytes of a panel of X.</summary>
    public long PanelBytes(int features) => (long)PaddedColumns(features) / 2 * PairBytes;
}
