using System.Text;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>
/// What a driver says about a kernel that it refuses. ILGPU keeps this to itself, so the text is given to the driver once more, with room
/// for all that it has to say.
/// </summary>
internal static unsafe class DriverLog
{
    // CU_JIT_ERROR_LOG_BUFFER and CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES.
    private const int ErrorLog = 5;
    private const int ErrorLogSize = 6;
    private const int Room = 1 << 16;

    /// <summary>The log; null where the driver writes none, or takes the kernel this time.</summary>
    /// <param name="text">The kernel.</param>
    public static string? Of(string text)
    {
        byte[] log = new byte[Room];
        fixed (byte* buffer = log)
        {
            int* options = stackalloc int[] { ErrorLog, ErrorLogSize };
            void** values = stackalloc void*[] { buffer, (void*)(Room - 1) };
            if (CudaAPI.CurrentAPI.LoadModule(out nint module, text, 2, (nint)options, (nint)values) == CudaError.CUDA_SUCCESS)
            {
                CudaAPI.CurrentAPI.DestroyModule(module);
                return null;
            }
        }

        string written = Encoding.UTF8.GetString(log, 0, Array.IndexOf(log, (byte)0)).Trim();
        return written.Length > 0 ? written : null;
    }
}
