using System.Globalization;
using System.Reflection;
using IlZo.Backends;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>
/// Says in a sentence what a device did not do. Work is done later than it is asked for, so what fails in between is told with the kernel
/// that was launched last.
/// </summary>
/// <param name="name">What the user calls the device.</param>
internal sealed class DeviceFaults(string name)
{
    private MethodInfo? _last;

    /// <summary>Notes that a kernel was launched.</summary>
    public void Launched(MethodInfo kernel) => _last = kernel;

    /// <summary>Whether an exception is the device's or the binding's, and none of the program's own.</summary>
    public static bool IsOne(Exception e) => e is AcceleratorException or InternalCompilerException or NotSupportedException;

    /// <summary>The driver took no such kernel, or there is no text of it for the device.</summary>
    public static DeviceException Refused(string device, MethodInfo kernel, Exception cause, string? log) =>
        new($"{device} refuses the kernel {KernelName.Of(kernel)}: {Reason(cause)}{FirstLine(log)}.", cause, log);

    /// <summary>A kernel did not start.</summary>
    public DeviceException NotLaunched(MethodInfo kernel, KernelConfig configuration, Exception cause)
    {
        var groups = configuration.GridDim;
        int shared = configuration.SharedMemoryConfig.ArraySize * configuration.SharedMemoryConfig.ElementSize;
        return new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name} did not launch {KernelName.Of(kernel)} in {groups.X} x {groups.Y} x {groups.Z} groups of "
                    + $"{configuration.GroupDim.X} threads with {shared:N0} bytes of shared memory: {Reason(cause)}."),
            cause);
    }

    /// <summary>A copy, or filling memory with zeros, was not begun.</summary>
    public DeviceException NotCopied(long byteCount, Exception cause) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name} did not copy {byteCount:N0} bytes{AfterLast()}: {Reason(cause)}."), cause);

    /// <summary>Work that was begun did not end well.</summary>
    public DeviceException NotDone(Exception cause) =>
        new(
            $"{name} did not finish its work{AfterLast()}: {Reason(cause)}. CUDA_LAUNCH_BLOCKING=1 in the environment finds the kernel.",
            cause);

    /// <summary>The driver gave no second order of work beside the first.</summary>
    public DeviceException NoStream(Exception cause) => new($"{name} did not make a stream{AfterLast()}: {Reason(cause)}.", cause);

    /// <summary>The driver gave no memory where there should be enough.</summary>
    public DeviceException NoMemory(long byteCount, string purpose, string kind, Exception cause) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name} did not give {byteCount:N0} bytes of {kind} for the "
            + $"{purpose}{AfterLast()}: {Reason(cause)}."), cause);

    /// <summary>The device was not opened, or did not tell something about itself.</summary>
    public static DeviceException NotOpened(string device, Exception cause) => new($"{device} cannot be opened: {Reason(cause)}.", cause);

    /// <summary>Gives something back. A lost device takes nothing, and what it failed at is told by the work that needs it.</summary>
    public static void Release(IDisposable? taken)
    {
        try
        {
            taken?.Dispose();
        }
        catch (AcceleratorException)
        {
        }
    }

    // As the driver's documentation names it, and in the driver's words.
    private static string Reason(Exception cause) =>
        cause is CudaException cuda ? $"{cuda.Error} ({cuda.Message.Trim().TrimEnd('.')})" : cause.Message.Trim().TrimEnd('.');

    private static string FirstLine(string? log) =>
        log?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [var line, ..]
            ? $", {line.TrimEnd('.')}"
            : string.Empty;

    private string AfterLast() => _last is { } kernel ? $" after {KernelName.Of(kernel)}" : string.Empty;
}
