namespace IlZo.Backends;

/// <summary>What a GPU's memory is used for beside weights, what a rule keeps for them, and activations.</summary>
internal static class GpuMemory
{
    /// <summary>Logits that exist at a time, about.</summary>
    public const long Logits = 1L << 24;

    /// <summary>Bytes that the driver, its context and compiled kernels take, about: not measured yet.</summary>
    public const long DriverBytes = 512L << 20;

    /// <summary>Bytes that are left alone of what the driver calls free.</summary>
    public const long WorkingBytes = 128L << 20;

    /// <summary>All of it.</summary>
    public const long Total = (Logits * sizeof(float)) + DriverBytes + WorkingBytes;
}
