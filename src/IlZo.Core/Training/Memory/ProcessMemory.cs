using System.Diagnostics;
using System.Globalization;

namespace IlZo.Training;

/// <summary>How much memory this process uses.</summary>
internal static class ProcessMemory
{
    private const string StatusFile = "/proc/self/status";
    private const string PeakField = "VmHWM:";
    private const string ResetFile = "/proc/self/clear_refs";
    private const string ResetPeakWord = "5";

    /// <summary>
    /// Gives back what nothing refers to, and begins anew with the largest resident set; whether the system does that (Linux).
    /// </summary>
    public static bool ResetPeak()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(ResetFile))
        {
            return false;
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        try
        {
            File.WriteAllText(ResetFile, ResetPeakWord);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The largest resident set so far, in bytes.</summary>
    public static long PeakResidentBytes()
    {
        // .NET's counter for Linux is the current size, not the peak.
        if (OperatingSystem.IsLinux() && File.Exists(StatusFile)
            && File.ReadLines(StatusFile).FirstOrDefault(l => l.StartsWith(PeakField, StringComparison.Ordinal)) is { } line)
        {
            return 1024 * long.Parse(line[PeakField.Length..].Replace("kB", null, StringComparison.Ordinal), CultureInfo.InvariantCulture);
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
