using System.Runtime.InteropServices;
using IlZo.Backends;
using IlZo.Kernels;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>A GPU that can be used.</summary>
/// <param name="Name">What the command line calls it: cuda:N.</param>
/// <param name="Description">What its maker calls it.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="Multiprocessors">Its multiprocessors.</param>
/// <param name="Architecture">Its compute capability, as sm_NN.</param>
/// <param name="Products">What products are computed in on it where nothing else is asked for.</param>
public sealed record GpuDevice(
    string Name, string Description, long MemoryBytes, int Multiprocessors, string Architecture, ProductPrecision Products);

/// <summary>What <see cref="GpuDevices.Find"/> found.</summary>
/// <param name="Devices">The GPUs, in the order of their numbers.</param>
/// <param name="Reason">Why there are none, as the beginning of a sentence; empty where there are some.</param>
public sealed record GpuSearch(IReadOnlyList<GpuDevice> Devices, string Reason);

/// <summary>Finds and opens GPUs.</summary>
internal static class GpuDevices
{
    private const string Library = "cuda";
    private const string LinuxLibrary = "libcuda.so.1";
    private const string WindowsLibrary = "nvcuda.dll";

    /// <summary>The driver's own file.</summary>
    internal static readonly string DriverLibrary = OperatingSystem.IsWindows() ? WindowsLibrary : LinuxLibrary;

    private static readonly Lazy<bool> s_driver = new(FindDriver);

    /// <summary>The name of ILGPU's own simulation of a GPU, which checks kernels and is far too slow for anything else.</summary>
    public const string Simulation = "cpu";

    /// <summary>The GPUs of this machine.</summary>
    public static GpuSearch Find()
    {
        if (!s_driver.Value)
        {
            return new GpuSearch([], $"no NVIDIA driver was found ({DriverLibrary} cannot be loaded)");
        }

        if (DriverStart.Refusal() is { } refusal)
        {
            return new GpuSearch([], refusal);
        }

        using var context = Context.Create(b => b.EnableKernels().Cuda());
        var devices = new List<GpuDevice>();
        foreach (var d in context.GetCudaDevices())
        {
            string architecture = d.Architecture is { } a ? $"sm_{a.Major}{a.Minor}" : "unknown";
            devices.Add(new GpuDevice(
                $"cuda:{devices.Count}", d.Name, d.MemorySize, d.NumMultiprocessors, architecture, ProductPrecisions.Of(d)[0]));
        }

        return new GpuSearch(devices, devices.Count > 0 ? string.Empty : DriverStart.WhyNone());
    }

    /// <summary>Opens a GPU.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="precision">What products are computed in: auto, fp32, bf16x3, fp16 or bf16.</param>
    /// <exception cref="InvalidInputException">There is no such GPU, or it or IlZo has no such precision, or no warpgroups that are asked
    /// for.</exception>
    /// <exception cref="DeviceException">The driver does not open it.</exception>
    public static GpuBackend Open(int index, string precision = EngineRequest.Auto)
    {
        var found = Find();
        if (index >= found.Devices.Count)
        {
            string problem = found.Devices.Count == 0 ? found.Reason : $"the last GPU is {found.Devices[^1].Name}";
            throw new InvalidInputException($"There is no cuda:{index}: {problem}.");
        }

        // ILGPU's own cache compiles under a lock; ours (AcceleratorLoader) does not.
        var context = Context.Create(b => b.EnableKernels().Caching(CachingMode.NoKernelCaching).Cuda());
        string name = found.Devices[index].Name;
        var backend = Open(context, c => c.GetCudaDevice(index), name, precision, d => Warpgroups.Shape(name, d, Warpgroups.AreAsked));
        if (!Warpgroups.AreAsked)
        {
            return backend;
        }

        try
        {
            Warpgroups.Require(backend, name);
            return backend;
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Opens the simulation: groups of few threads, so that it takes minutes and not hours.</summary>
    /// <param name="precision">What products are computed in: auto or fp32.</param>
    /// <exception cref="InvalidInputException">There is no such precision.</exception>
    public static GpuBackend OpenSimulation(string precision = EngineRequest.Auto)
    {
        var context = Context.Create(b => b.EnableKernels().CPU(new CPUDevice(32, 8, 1)));
        return Open(context, c => c.GetCPUDevice(0), Simulation, precision, _ => new LaunchShape(1, 1, 1, 8));
    }

    // The driver describes its devices to each context anew, and may fail to.
    private static GpuBackend Open(
        Context context, Func<Context, Device> find, string name, string precision, Func<Device, LaunchShape> shapeOf)
    {
        Accelerator? accelerator = null;
        try
        {
            var device = find(context);
            var products = ProductPrecisions.Find(precision, name, (device as CudaDevice)?.Architecture);
            var shape = shapeOf(device);
            accelerator = device.CreateAccelerator(context);
            return new GpuBackend(accelerator, name, FreeBytes(accelerator), shape, products, accelerator, context);
        }
        catch (Exception e)
        {
            DeviceFaults.Release(accelerator);
            DeviceFaults.Release(context);
            if (DeviceFaults.IsOne(e))
            {
                throw DeviceFaults.NotOpened(name, e);
            }

            throw;
        }
    }

    // Others may use the GPU too.
    private static long FreeBytes(Accelerator accelerator) =>
        Math.Max(0, (accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : accelerator.MemorySize) - GpuMemory.WorkingBytes);

    // ILGPU asks for the name that only development packages have. On WSL it looks for the driver by itself.
    private static bool FindDriver()
    {
        if (!NativeLibrary.TryLoad(DriverLibrary, out _))
        {
            return false;
        }

        if (OperatingSystem.IsLinux() && !File.ReadAllText("/proc/version").Contains("microsoft", StringComparison.OrdinalIgnoreCase))
        {
            NativeLibrary.SetDllImportResolver(
                typeof(Context).Assembly,
                (name, _, _) => name == Library && NativeLibrary.TryLoad(LinuxLibrary, out nint handle) ? handle : 0);
        }

        return true;
    }
}
