namespace IlZo.Backends;

/// <summary>What a GPU's memory is used for beside weights, what a rule keeps for them, and activations.</summary>
internal static class GpuMemory
{
    /// <summary>Logits that exist at a time, about.</summary>
    public const long Logits = 1L << 24;

    /// <summary>
    /// Bytes of weights that are prepared at a time for products of many tokens, at most: enough groups for all multiprocessors.
    /// </summary>
    public const long Operands = 256L << 20;

    /// <summary>Bytes that the driver, its context and compiled kernels take, about: not measured yet.</summary>
    public const long DriverBytes = 512L << 20;

    /// <summary>Bytes that are left alone of what the driver calls free.</summary>
    public const long WorkingBytes = 128L << 20;

    /// <summary>Tokens of a probe beyond which weights are prepared for products in bf16x3.</summary>
    public const int SplitTokens = 128;

    /// <summary>Tokens of a probe beyond which weights are prepared for products in 16 bits.</summary>
    public const int SingleTokens = 256;

    // Numbers of 16 bits, or parts of 16 numbers, that lie together.
    private const int CellNumbers = 32;

    /// <summary>
    /// Whether weights are prepared for products of that many tokens of a probe; auto is bf16x3, as on all devices that have it.
    /// </summary>
    public static bool IsPrepared(string precision, long tokens) => precision switch
    {
        PrecisionName.Fp32 => false,
        PrecisionName.SplitBFloat16 or EngineRequest.Auto => tokens > SplitTokens,
        _ => tokens > SingleTokens,
    };

    /// <summary>Bytes of a number of x that products read in the place of the number itself; 0 where they read that.</summary>
    public static int CopiedBytes(string precision, long tokens) => precision switch
    {
        PrecisionName.Fp32 => 0,
        PrecisionName.SplitBFloat16 or EngineRequest.Auto => IsPrepared(precision, tokens) ? 2 * sizeof(ushort) : 0,
        _ => sizeof(ushort),
    };

    /// <summary>Numbers of a row of such copies: some more than the inputs.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="copiedBytes">Bytes of a number.</param>
    public static int CopiedNumbers(int inputs, int copiedBytes)
    {
        int together = CellNumbers * sizeof(ushort) / Math.Max(copiedBytes, 1);
        return checked((inputs + together - 1) / together * together);
    }

    /// <summary>All of it.</summary>
    public const long Total = (Logits * sizeof(float)) + DriverBytes + WorkingBytes;
}
