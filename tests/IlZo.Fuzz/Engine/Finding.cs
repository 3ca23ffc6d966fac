using System.Diagnostics;
using System.Security.Cryptography;

namespace IlZo.Fuzz.Engine;

/// <summary>What is wrong with an input.</summary>
/// <param name="Kind">crash, hang or memory.</param>
/// <param name="Cause">What tells it from other findings: where an exception came from.</param>
/// <param name="Details">What a developer wants to read.</param>
internal sealed record Finding(string Kind, string Cause, string Details)
{
    /// <summary>An exception that is not the documented one.</summary>
    public static Finding Of(Exception exception)
    {
        var frames = new StackTrace(exception).GetFrames();
        var own = Array.Find(frames, f => f.GetMethod()?.DeclaringType?.FullName?.StartsWith("IlZo.", StringComparison.Ordinal) == true);
        string place = own?.GetMethod() is { } method ? $"{method.DeclaringType!.FullName}.{method.Name}" : "the framework";
        return new Finding("crash", $"{exception.GetType().Name} in {place}", exception.ToString());
    }

    /// <summary>More memory than an input of its size may take.</summary>
    public static Finding OfMemory(long bytes, int inputBytes) => new(
        "memory", "memory", $"{bytes:N0} bytes for an input of {inputBytes:N0}; at most {MemoryGauge.Limit(inputBytes):N0} were expected.");

    /// <summary>An input that did not come to an end.</summary>
    public static Finding OfHang() =>
        new("hang", "hang", $"The input was still being worked on after {Watchdog.Limit.TotalSeconds:F0} seconds of processor time.");

    /// <summary>An input that ended the process.</summary>
    public static Finding OfDeath(int exitCode) => new("crash", "the end of the process", $"The process ended with exit code {exitCode}.");
}

/// <summary>A folder of inputs that failed, the first of each cause.</summary>
internal sealed class FindingFolder(string path)
{
    private readonly HashSet<string> _causes = [];

    /// <summary>Causes that were found.</summary>
    public int Count => _causes.Count;

    /// <summary>Saves an input unless its cause is known already.</summary>
    /// <returns>The file, or null.</returns>
    public string? Save(Finding finding, ReadOnlySpan<byte> input)
    {
        if (!_causes.Add(finding.Cause))
        {
            return null;
        }

        Directory.CreateDirectory(path);
        string file = Path.Combine(path, $"{finding.Kind}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(file, input);
        File.WriteAllText(file + ".txt", $"{finding.Cause}\n{finding.Details}\n");
        return file;
    }
}
