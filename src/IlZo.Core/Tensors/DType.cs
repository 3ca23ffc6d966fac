namespace IlZo.Tensors;

/// <summary>
/// The formats in which weights are stored. Arithmetic is always fp32 or wider. Those whose elements lie in blocks that have a scale in
/// common are for weights that stay as they are: no training changes them, but it may put other scales in the place of theirs.
/// </summary>
public enum DType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>Blocks of 32 with a binary16 scale and 8 bits an element, as in GGUF.</summary>
    Q8_0,

    /// <summary>Blocks of 32 with a binary16 scale and 4 bits an element, as in GGUF.</summary>
    Q4_0,

    /// <summary>Blocks of 256 with a scale and an offset for each 32 and 4 bits an element, as in GGUF.</summary>
    Q4_K,

    /// <summary>Blocks of 256 with a scale for each 16 and 6 bits an element, as in GGUF.</summary>
    Q6_K,

    /// <summary>
    /// Blocks of 64 with a binary32 scale and 4 bits an element that choose one of 16 quantiles of a normal distribution (Dettmers et al.
    /// 2023, arXiv 2305.14314), as in bitsandbytes.
    /// </summary>
    NF4,

    /// <summary>
    /// Blocks of 32 with a binary16 scale, an integer that stands for zero and 4 bits an element: what GPTQ and AWQ make, a block having
    /// the scale and the zero of its group.
    /// </summary>
    Q4_Z,
}

/// <summary>Sizes and names of <see cref="DType"/>.</summary>
internal static class DTypeExtensions
{
    /// <summary>How elements lie in memory.</summary>
    public static StoredLayout Layout(this DType type) => type switch
    {
        DType.F32 or DType.F16 or DType.BF16 => new(1, type.Size()),
        DType.Q8_0 => new(32, 34),
        DType.Q4_0 => new(32, 18),
        DType.Q4_K => new(256, 144),
        DType.Q6_K => new(256, 210),
        DType.NF4 => new(64, 36),
        DType.Q4_Z => new(32, 19),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No such type."),
    };

    /// <summary>Whether elements lie in blocks, so that none of them has an address of its own.</summary>
    public static bool IsBlocked(this DType type) => type is not (DType.F32 or DType.F16 or DType.BF16);

    /// <summary>Bytes an element takes.</summary>
    /// <exception cref="InvalidOperationException">Elements lie in blocks.</exception>
    public static int Size(this DType type) => type switch
    {
        DType.F32 => sizeof(float),
        DType.F16 or DType.BF16 => sizeof(ushort),
        _ => throw new InvalidOperationException($"An element of {type} has no size of its own."),
    };

    /// <summary>The name in <c>config.json</c>'s <c>torch_dtype</c>; for blocks the type's in lower case, as GGUF has some.</summary>
    public static string TorchName(this DType type) => type switch
    {
        DType.F32 => "float32",
        DType.F16 => "float16",
        DType.BF16 => "bfloat16",
        _ => type.ToString().ToLowerInvariant(),
    };
}
