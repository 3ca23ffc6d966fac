namespace IlZo.Backends;

/// <summary>
/// A device did not do what it was asked for: it is lost, or its driver refused a kernel, a launch, a copy or memory. The message is one
/// sentence that names the device and the kernel or the size, and what the driver says. A run that ends so is continued as after any other
/// interruption.
/// </summary>
/// <param name="message">The sentence.</param>
/// <param name="cause">What the driver's binding threw.</param>
/// <param name="log">What the driver wrote about it; null where it wrote nothing.</param>
public sealed class DeviceException(string message, Exception? cause = null, string? log = null) : Exception(message, cause)
{
    /// <summary>What the driver wrote about it, in lines; null where it wrote nothing.</summary>
    public string? Log => log;

    /// <summary>The exception with its causes, and the driver's log.</summary>
    public override string ToString() => log is null ? base.ToString() : $"{base.ToString()}\nThe driver's log:\n{log}";
}
