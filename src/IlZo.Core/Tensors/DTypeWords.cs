namespace IlZo.Tensors;

/// <summary>The words for the type in which weights are kept; auto is the one in which they are stored.</summary>
internal sealed class DTypeWords() : Words<DType?>(("auto", null), ("fp32", DType.F32), ("bf16", DType.BF16), ("fp16", DType.F16))
{
    public static DTypeWords Instance { get; } = new();

    protected override string Option => Setting.DType;
}
