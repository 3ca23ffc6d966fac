using System.Runtime.InteropServices;

namespace IlZo.Machine;

/// <summary>What the processor is called.</summary>
internal static class ProcessorName
{
    private const string CpuInfo = "/proc/cpuinfo";
    private const string ModelField = "model name";

    /// <summary>Its model where the system says it, and otherwise its architecture.</summary>
    public static string Current
    {
        get
        {
            string? line = OperatingSystem.IsLinux() && File.Exists(CpuInfo)
                ? File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith(ModelField, StringComparison.Ordinal))
                : null;
            return line is null
                ? RuntimeInformation.ProcessArchitecture.ToString()
                : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }
    }
}
