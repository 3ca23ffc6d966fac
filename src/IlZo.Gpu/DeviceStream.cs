using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// The work of a device in its order, and all copies between it and the host. ILGPU takes addresses of the host's memory without holding it in place: here arrays are
/// held until the host has waited for their copy, and what is copied without waiting is named by a pointer, so that it is memory that does not move.
/// </summary>
/// <param name="accelerator">ILGPU's stream.</param>
internal sealed unsafe class DeviceStream(AcceleratorStream accelerator)
{
    /// <summary>ILGPU's stream, for kernels and for copies on the device.</summary>
    public AcceleratorStream Accelerator => accelerator;

    /// <summary>How often the host has waited.</summary>
    public long Waits { get; private set; }

    /// <summary>What is done between taking an address and copying; tests move the host's memory then.</summary>
    public Action? BeforeCopy { get; set; }

    /// <summary>Waits until the device has done all work so far.</summary>
    public void Wait()
    {
        accelerator.Synchronize();
        Waits++;
    }

    /// <summary>Copies an array to the first elements of a view.</summary>
    public void Write<T>(ReadOnlySpan<T> from, ArrayView<T> to)
        where T : unmanaged
    {
        if (from.Length > 0)
        {
            fixed (T* pinned = from)
            {
                Enqueue(pinned, to, from.Length);
                Wait();
            }
        }
    }

    /// <summary>Fills an array with the first elements of a view.</summary>
    public void Read<T>(ArrayView<T> from, Span<T> to)
        where T : unmanaged
    {
        if (to.Length > 0)
        {
            fixed (T* pinned = to)
            {
                Enqueue(from, pinned, to.Length);
                Wait();
            }
        }
    }

    /// <summary>Copies to the first elements of a view at its turn; the memory must stay as it is until the host has waited.</summary>
    public void Enqueue<T>(T* from, ArrayView<T> to, long count)
        where T : unmanaged
    {
        BeforeCopy?.Invoke();
        to.CopyFromCPUUnsafeAsync(accelerator, ref *from, count);
    }

    /// <summary>Copies the first elements of a view at its turn; the memory must not be used until the host has waited.</summary>
    public void Enqueue<T>(ArrayView<T> from, T* to, long count)
        where T : unmanaged
    {
        BeforeCopy?.Invoke();
        from.CopyToCPUUnsafeAsync(accelerator, ref *to, count);
    }
}
