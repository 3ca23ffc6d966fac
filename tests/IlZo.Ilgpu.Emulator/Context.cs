using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace ILGPU
{
    /// <summary>The devices that were asked for.</summary>
    public sealed class Context : IDisposable
    {
        private readonly List<CPUDevice> _devices;

        private Context(List<CPUDevice> devices) => _devices = devices;

        public static Context Create(Action<Builder> build)
        {
            var builder = new Builder();
            build(builder);
            return new Context(builder.Devices);
        }

        public void Dispose()
        {
        }

        internal CPUDevice Device(int index) => _devices[index];

        /// <summary>Collects devices.</summary>
        public sealed class Builder
        {
            internal List<CPUDevice> Devices { get; } = [];
        }
    }
}

namespace ILGPU.Runtime.CPU
{
    /// <summary>The emulated device.</summary>
    public sealed class CPUDevice(int numThreadsPerWarp, int numWarpsPerMultiprocessor, int numMultiprocessors)
        : Device("Emulator", AcceleratorType.CPU, numThreadsPerWarp, numThreadsPerWarp * numWarpsPerMultiprocessor, numMultiprocessors);

    /// <summary>Finds emulated devices.</summary>
    public static class CPUContextExtensions
    {
        public static Context.Builder CPU(this Context.Builder builder, CPUDevice device)
        {
            builder.Devices.Add(device);
            return builder;
        }

        public static CPUDevice GetCPUDevice(this Context context, int cpuDeviceIndex) => context.Device(cpuDeviceIndex);
    }
}

namespace ILGPU.Algorithms
{
    /// <summary>Turns on mathematical functions, which the emulator has anyway.</summary>
    public static class AlgorithmContext
    {
        public static Context.Builder EnableAlgorithms(this Context.Builder builder) => builder;
    }
}

namespace ILGPU.Runtime.Cuda
{
    /// <summary>An NVIDIA GPU. The emulator finds none.</summary>
    public sealed class CudaDevice : Device
    {
        private CudaDevice()
            : base(string.Empty, AcceleratorType.Cuda, 32, 1024, 0)
        {
        }

        public CudaArchitecture? Architecture => null;
    }

    /// <summary>An NVIDIA GPU in use.</summary>
    public sealed class CudaAccelerator : Accelerator
    {
        private CudaAccelerator(CudaDevice device)
            : base(device)
        {
        }

        public long GetFreeMemory() => MemorySize;
    }

    /// <summary>A compute capability.</summary>
    public readonly record struct CudaArchitecture(int Major, int Minor);

    /// <summary>Finds NVIDIA GPUs.</summary>
    public static class CudaContextExtensions
    {
        public static Context.Builder Cuda(this Context.Builder builder) => builder;

        public static IReadOnlyList<CudaDevice> GetCudaDevices(this Context context) => [];

        public static CudaDevice GetCudaDevice(this Context context, int cudaDeviceIndex) =>
            throw new ArgumentOutOfRangeException(nameof(cudaDeviceIndex), cudaDeviceIndex, "There is no such device.");
    }
}
