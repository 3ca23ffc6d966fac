namespace IlZo.Backends;

/// <summary>What engines and precisions depend on of a device.</summary>
public enum DeviceKind
{
    /// <summary>The processors of the machine.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}
