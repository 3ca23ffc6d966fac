using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>
/// Why a driver that is there names no GPU: what it answers to its first calls. ILGPU hides it, and refuses all that has to do with CUDA
/// where the first call fails.
/// </summary>
internal static unsafe class DriverStart
{
    /// <summary>Why the driver does not start, as the beginning of a sentence; null where it does.</summary>
    public static string? Refusal()
    {
        nint library = NativeLibrary.Load(GpuDevices.DriverLibrary);
        var start = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit");
        int error = start(0);
        return error == 0 ? null : $"the NVIDIA driver does not start, for {Describe(library, error)}";
    }

    /// <summary>Why a driver that has started names no GPU, as the beginning of a sentence.</summary>
    public static string WhyNone()
    {
        var counted = CudaAPI.CurrentAPI.GetDeviceCount(out int count);
        return counted != CudaError.CUDA_SUCCESS ? "the NVIDIA driver counts no GPUs, for "
            + $"{Describe(NativeLibrary.Load(GpuDevices.DriverLibrary), (int)counted)}"
            : count > 0 ? "the NVIDIA driver counts GPUs and does not describe them"
            : "the NVIDIA driver names no GPU";
    }

    // ILGPU has no names of newer errors.
    private static string Describe(nint library, int error)
    {
        var describe = (delegate* unmanaged<int, byte**, int>)NativeLibrary.GetExport(library, "cuGetErrorString");
        byte* text = null;
        return describe(error, &text) == 0 && text != null
            ? $"{(CudaError)error} ({Marshal.PtrToStringUTF8((nint)text)!.Trim().TrimEnd('.')})"
            : $"{(CudaError)error}";
    }
}
