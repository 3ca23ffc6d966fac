namespace IlZo.Tensors;

/// <summary>The number formats in which weights are stored. Arithmetic is always fp32 or wider.</summary>
public enum DType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,
}

/// <summary>Sizes and names of <see cref="DType"/>.</summary>
internal static class DTypeExtensions
{
    /// <summary>Bytes an element takes.</summary>
    public static int Size(this DType type) => type == DType.F32 ? 4 : 2;

    /// <summary>The name in <c>config.json</c>'s <c>torch_dtype</c>: <c>float32</c>, <c>float16</c> or <c>bfloat16</c>.</summary>
    public static string TorchName(this DType type) => type switch
    {
        DType.F32 => "float32",
        DType.F16 => "float16",
        _ => "bfloat16",
    };
}
