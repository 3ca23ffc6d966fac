namespace IlZo.Tensors;

/// <summary>The words for the types with blocks that weights can be rounded to.</summary>
internal sealed class BlockWords() : Words<DType>(("q8_0", DType.Q8_0), ("q4_0", DType.Q4_0), ("nf4", DType.NF4))
{
    public static BlockWords Instance { get; } = new();

    protected override string Option => Setting.To;
}
