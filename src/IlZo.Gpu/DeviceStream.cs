using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// The work of a device in its order, and all copies between it and the host. ILGPU takes addresses of the host's memory without holding it
/// in place: here arrays are held until the host has waited for their copy, and what is copied without waiting is named by a pointer, so
/// that it is memory that does not move.
/// </summary>
/// <param name="accelerator">ILGPU's stream.</param>
/// <param name="faults">Says what the device did not do.</param>
internal sealed unsafe class DeviceStream(AcceleratorStream accelerator, DeviceFaults faults)
{
    /// <summary>How often the host has waited.</summary>
    public long Waits { get; private set; }

    /// <summary>What is done between taking an address and copying; tests move the host's memory then.</summary>
    public Action? BeforeCopy { get; set; }

    /// <summary>Waits until the device has done all work so far.</summary>
    public void Wait()
    {
        try
        {
            accelerator.Synchronize();
        }
        catch (AcceleratorException e)
        {
            throw faults.NotDone(e);
        }

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
        try
        {
            to.CopyFromCPUUnsafeAsync(accelerator, ref *from, count);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotCopied(count * sizeof(T), e);
        }
    }

    /// <summary>Copies the first elements of a view at its turn; the memory must not be used until the host has waited.</summary>
    public void Enqueue<T>(ArrayView<T> from, T* to, long count)
        where T : unmanaged
    {
        BeforeCopy?.Invoke();
        try
        {
            from.CopyToCPUUnsafeAsync(accelerator, ref *to, count);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotCopied(count * sizeof(T), e);
        }
    }

    /// <summary>Copies a view to one of the same length at its turn; either may be of page-locked memory of the host.</summary>
    public void Copy(ArrayView<byte> from, ArrayView<byte> to)
    {
        BeforeCopy?.Invoke();
        try
        {
            from.CopyTo(accelerator, to);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotCopied(from.Length, e);
        }
    }

    /// <summary>Fills a view with zeros at its turn.</summary>
    public void Clear<T>(ArrayView<T> view)
        where T : unmanaged
    {
        try
        {
            view.MemSetToZero(accelerator);
        }
        catch (AcceleratorException e)
        {
            throw faults.NotCopied(view.LengthInBytes, e);
        }
    }
}
