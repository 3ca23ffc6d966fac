using IlZo.Backends;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>The memory of a device: what is taken is counted, and what does not fit is refused before the driver is asked.</summary>
/// <param name="accelerator">The device.</param>
/// <param name="name">What the user calls it.</param>
/// <param name="capacity">Bytes that may be taken.</param>
/// <param name="faults">Says what the device did not do.</param>
internal sealed class DeviceMemory(Accelerator accelerator, string name, long capacity, DeviceFaults faults)
{
    /// <summary>Bytes in use.</summary>
    public long Used { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public long Free => capacity - Used;

    /// <summary>Bytes that the driver calls taken, by this process and all others; null where there is no driver.</summary>
    /// <exception cref="DeviceException">The driver does not tell.</exception>
    public long? Occupied
    {
        get
        {
            try
            {
                return accelerator is CudaAccelerator cuda ? cuda.MemorySize - cuda.GetFreeMemory() : null;
            }
            catch (AcceleratorException e)
            {
                throw faults.NotDone(e);
            }
        }
    }

    /// <summary>Takes memory, which holds nothing useful at first.</summary>
    /// <param name="byteCount">How much.</param>
    /// <param name="purpose">What for, in the plural.</param>
    /// <exception cref="InvalidInputException">There is not so much.</exception>
    /// <exception cref="DeviceException">There should be so much, and the driver gives none.</exception>
    public MemoryBuffer Take(long byteCount, string purpose)
    {
        Require(byteCount, purpose);
        try
        {
            var buffer = accelerator.AllocateRaw(Math.Max(byteCount, 1), 1);
            Used += byteCount;
            return buffer;
        }
        catch (AcceleratorException e)
        {
            throw faults.NoMemory(byteCount, purpose, "memory", e);
        }
    }

    /// <summary>Gives memory back.</summary>
    public void Give(MemoryBuffer buffer, long byteCount)
    {
        Used -= byteCount;
        DeviceFaults.Release(buffer);
    }

    /// <summary>
    /// Takes memory of the host that the device can copy from while the host does something else; to be released by
    /// <see cref="DeviceFaults.Release"/>.
    /// </summary>
    /// <param name="byteCount">How much.</param>
    /// <param name="purpose">What for, in the plural.</param>
    /// <exception cref="DeviceException">The driver does not lock so much.</exception>
    public PageLockedArray1D<byte> TakePageLocked(long byteCount, string purpose)
    {
        try
        {
            return accelerator.AllocatePageLocked1D<byte>(byteCount);
        }
        catch (AcceleratorException e)
        {
            throw faults.NoMemory(byteCount, purpose, "the host's memory, locked in its place,", e);
        }
    }

    /// <summary>Refuses what would not fit.</summary>
    public void Require(long byteCount, string purpose)
    {
        if (byteCount > Free)
        {
            throw TooLittle(byteCount, purpose);
        }
    }

    private InvalidInputException TooLittle(long byteCount, string purpose) =>
        new($"{name}: the {purpose} take {Gigabytes(byteCount)}; of the device's {Gigabytes(capacity)} that can be used, {Gigabytes(Free)} "
            + "are free.");

    private static string Gigabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e9:0.00} GB");
}
