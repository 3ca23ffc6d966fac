using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>
/// Copies between arrays of the host and a device. ILGPU takes addresses: the garbage collector leaves the array where it is until the copy is over, for which these wait.
/// </summary>
internal static unsafe class HostCopies
{
    /// <summary>Copies an array to the first elements of a view.</summary>
    public static void Write<T>(this ArrayView<T> to, AcceleratorStream stream, ReadOnlySpan<T> from)
        where T : unmanaged
    {
        fixed (T* pinned = from)
        {
            if (pinned != null)
            {
                to.CopyFromCPUUnsafeAsync(stream, ref *pinned, from.Length);
                stream.Synchronize();
            }
        }
    }

    /// <summary>Fills an array with the first elements of a view.</summary>
    public static void Read<T>(this ArrayView<T> from, AcceleratorStream stream, Span<T> to)
        where T : unmanaged
    {
        fixed (T* pinned = to)
        {
            if (pinned != null)
            {
                from.CopyToCPUUnsafeAsync(stream, ref *pinned, to.Length);
                stream.Synchronize();
            }
        }
    }
}
