using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>The types of stored numbers that are read, by the codes of the format. Source: ggml-org/ggml include/ggml.h.</summary>
internal static class GgufBlocks
{
    private static readonly Dictionary<uint, DType> s_types = new()
    {
        [0] = DType.F32,
        [1] = DType.F16,
        [2] = DType.Q4_0,
        [8] = DType.Q8_0,
        [12] = DType.Q4_K,
        [14] = DType.Q6_K,
        [30] = DType.BF16,
    };

    /// <summary>The names of all of them.</summary>
    public static string Names => string.Join(", ", s_types.Values);

    /// <summary>The type of a code; null where it is none that is read.</summary>
    public static DType? Find(uint code) => s_types.TryGetValue(code, out var type) ? type : null;
}
