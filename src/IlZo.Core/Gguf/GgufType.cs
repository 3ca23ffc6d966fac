namespace IlZo.Gguf;

/// <summary>The types of stored numbers that are written, by their codes in the format.</summary>
public enum GgufType
{
    /// <summary>IEEE binary32.</summary>
    F32 = 0,

    /// <summary>IEEE binary16.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 integers of 8 bits with a scale in binary16: 8.5 bits a number.</summary>
    Q8_0 = 8,
}

/// <summary>Sizes of <see cref="GgufType"/>.</summary>
internal static class GgufTypes
{
    /// <summary>Numbers of a block of <see cref="GgufType.Q8_0"/>.</summary>
    public const int BlockLength = 32;

    /// <summary>Bytes of a row.</summary>
    /// <param name="type">The type.</param>
    /// <param name="columns">Numbers of the row; a multiple of <see cref="BlockLength"/> in blocks.</param>
    public static long RowBytes(this GgufType type, int columns) => type switch
    {
        GgufType.F32 => (long)columns * sizeof(float),
        GgufType.F16 => (long)columns * sizeof(ushort),
        _ => (long)columns / BlockLength * (BlockLength + sizeof(ushort)),
    };
}
