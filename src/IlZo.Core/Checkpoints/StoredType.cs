using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>
/// The element types of the safetensors format, by the names that stand in a file's header, and the types with blocks, which the format
/// does not have: they are stored as bytes, and the file's metadata has their name.
/// </summary>
internal static class StoredType
{
    private static readonly Dictionary<string, DType> s_blocked = Enum.GetValues<DType>().Where(t => t.IsBlocked())
        .ToDictionary(t => t.TorchName(), StringComparer.Ordinal);

    /// <summary>The names of the types with blocks.</summary>
    public static IReadOnlyCollection<string> Blocked => s_blocked.Keys;

    /// <summary>Whether a name is that of a type with blocks.</summary>
    public static bool IsBlocked(string name) => s_blocked.ContainsKey(name);

    /// <summary>Bits an element takes, or 0 when the format has no such type. Types below 8 bits are packed.</summary>
    public static int Bits(string name) => name switch
    {
        "F4" => 4,
        "F6_E2M3" or "F6_E3M2" => 6,
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => 8,
        "I16" or "U16" or "F16" or "BF16" => 16,
        "I32" or "U32" or "F32" => 32,
        "I64" or "U64" or "F64" or "C64" => 64,
        _ => 0,
    };

    /// <summary>The name of a weight type.</summary>
    public static string Name(DType type) => type switch
    {
        DType.F32 => "F32",
        DType.F16 => "F16",
        DType.BF16 => "BF16",
        _ => type.TorchName(),
    };

    /// <summary>The weight type of that name; false for the types that weights cannot have.</summary>
    public static bool TryGetDType(string name, out DType type)
    {
        (bool known, type) = name switch
        {
            "F32" => (true, DType.F32),
            "F16" => (true, DType.F16),
            "BF16" => (true, DType.BF16),
            _ => (s_blocked.TryGetValue(name, out var blocked), blocked),
        };
        return known;
    }

    /// <summary>
    /// Bytes that a tensor takes; false when the type is unknown, a dimension is negative, the size overflows 63 bits or
    /// packed elements do not fill whole bytes, or rows not whole blocks.
    /// </summary>
    internal static bool TryGetByteCount(string type, IReadOnlyList<long> shape, out long byteCount)
    {
        byteCount = 0;
        if (s_blocked.TryGetValue(type, out var blocked))
        {
            return TryGetByteCount(blocked.Layout(), shape, out byteCount);
        }

        Int128 bits = Bits(type);
        if (bits == 0)
        {
            return false;
        }

        // A zero dimension makes the tensor empty whatever the others are, so it comes first, before anything overflows.
        foreach (long dimension in shape.OrderBy(d => d))
        {
            if (dimension < 0 || bits > (Int128)long.MaxValue * 8 / Math.Max(dimension, 1))
            {
                return false;
            }

            bits *= dimension;
        }

        byteCount = (long)(bits / 8);
        return bits % 8 == 0;
    }

    private static bool TryGetByteCount(StoredLayout layout, IReadOnlyList<long> shape, out long byteCount)
    {
        byteCount = 0;
        if (shape is not [> 0 and var rows, > 0 and var columns] || columns % layout.BlockElements != 0)
        {
            return false;
        }

        Int128 bytes = (Int128)rows * (columns / layout.BlockElements) * layout.BlockBytes;
        byteCount = bytes <= long.MaxValue ? (long)bytes : 0;
        return byteCount > 0;
    }
}
