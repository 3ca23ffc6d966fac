using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu;

/// <summary>What benchmarks and self-tests need beside the operations.</summary>
internal sealed partial class GpuBackend
{
    internal KernelLauncher Launcher => _device.Kernels;

    internal DeviceStream Stream => _device.Stream;

    internal DeviceMemory Memory => _device.Memory;

    /// <summary>The coefficients of the normal transform.</summary>
    internal ArrayView<Quad> NormalTable => _device.Table;

    /// <summary>Whether the device still does what it is asked for.</summary>
    internal bool IsAlive
    {
        get
        {
            try
            {
                Wait();
                return true;
            }
            catch (DeviceException)
            {
                return false;
            }
        }
    }

    /// <summary>Waits until the device has done all work so far.</summary>
    internal void Wait() => _device.Stream.Wait();
}
