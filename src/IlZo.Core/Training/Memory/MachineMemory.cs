using System.Globalization;
using IlZo.Backends;

namespace IlZo.Training;

/// <summary>A limit of the memory that this process can still take.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Free">Bytes that are free under it.</param>
/// <param name="Most">Bytes that can be had under it at most, by paging others out.</param>
/// <param name="CountsFiles">Whether mapped pages of a file count, which otherwise can be dropped and read again.</param>
public sealed record MemoryLimit(string Name, long Free, long Most, bool CountsFiles = false);

/// <summary>What memory the machine has for this process: its own, less where a control group or a resource limit allows less.</summary>
/// <param name="Limits">All limits that are known; none where the operating system tells nothing.</param>
internal sealed record MachineMemory(IReadOnlyList<MemoryLimit> Limits)
{
    private const string GroupMount = "/sys/fs/cgroup";

    /// <summary>Where it is.</summary>
    public DeviceKind Kind { get; private init; } = DeviceKind.Cpu;

    /// <summary>What a device has now, with nothing loaded: of its own, or of the machine's.</summary>
    public static MachineMemory Of(IBackend backend) => backend.FreeBytes is { } free
        ? new([new MemoryLimit("the device's free memory", free, free)]) { Kind = DeviceKind.Cuda }
        : Now() with { Kind = backend.Engine.Kind };

    /// <summary>The part of each of several that share it.</summary>
    public MachineMemory SharedBy(int count) => count == 1
        ? this
        : this with
        {
            Limits =
            [
                .. Limits.Select(l => l with { Name = $"one of {count} parts of {l.Name}", Free = l.Free / count, Most = l.Most / count }),
            ],
        };

    /// <summary>What this machine has now.</summary>
    public static MachineMemory Now()
    {
        if (OperatingSystem.IsLinux())
        {
            return Read(path => File.Exists(path) ? File.ReadAllText(path) : null);
        }

        var info = GC.GetGCMemoryInfo();
        long free = Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
        return info.TotalAvailableMemoryBytes == 0
            ? new([])
            : new([new MemoryLimit("the machine's free memory", free, info.TotalAvailableMemoryBytes)]);
    }

    /// <summary>What Linux says in its files; see proc(5) and the kernel's documents on control groups.</summary>
    /// <param name="read">The text of a file, or null where there is none.</param>
    internal static MachineMemory Read(Func<string, string?> read)
    {
        var limits = new List<MemoryLimit>();
        long swap = 0;
        if (read("/proc/meminfo") is { } memory && Field(memory, "MemAvailable:") is { } available)
        {
            swap = 1024 * (Field(memory, "SwapFree:") ?? 0);
            limits.Add(new MemoryLimit("the machine's free memory", 1024 * available, (1024 * available) + swap));
        }

        foreach (string line in (read("/proc/self/cgroup") ?? string.Empty).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // hierarchy:controllers:path; version 2 has the hierarchy 0 and no controllers.
            string[] parts = line.Split(':', 3);
            if (parts.Length == 3 && (parts is ["0", "", _] || parts[1].Split(',').Contains("memory")))
            {
                AddGroups(limits, read, parts[0] == "0" ? GroupMount : $"{GroupMount}/memory", parts[2], swap);
            }
        }

        if (read("/proc/self/limits") is { } own && read("/proc/self/status") is { } status
            && Field(own, "Max address space") is { } most && Field(status, "VmSize:") is { } used)
        {
            long free = Math.Max(0, most - (1024 * used));
            limits.Add(new MemoryLimit("the limit of the address space (ulimit -v)", free, free, CountsFiles: true));
        }

        return new(limits);
    }

    // The group and those above it, each of which may have a limit. In a container the path is the host's, and the mount is the group
    // itself.
    private static void AddGroups(List<MemoryLimit> limits, Func<string, string?> read, string mount, string path, long swap)
    {
        for (string group = path.TrimEnd('/'); ; group = group[..group.LastIndexOf('/')])
        {
            string folder = mount + group;
            string? limit = read($"{folder}/memory.max") ?? read($"{folder}/memory.limit_in_bytes");
            string? usage = read($"{folder}/memory.current") ?? read($"{folder}/memory.usage_in_bytes");
            if (Number(limit) is { } most && Number(usage) is { } used)
            {
                // The kernel drops pages of files that are not in use before it refuses memory.
                string statistics = read($"{folder}/memory.stat") ?? string.Empty;
                long files = Field(statistics, "total_inactive_file") ?? Field(statistics, "inactive_file") ?? 0;
                long free = Math.Max(0, most - Math.Max(0, used - files));
                limits.Add(new MemoryLimit("the limit of the control group", free, free > long.MaxValue - swap ? free : free + swap));
            }

            if (group.Length == 0)
            {
                return;
            }
        }
    }

    // The number after a name at the beginning of a line; null where there is none, such as "unlimited".
    private static long? Field(string text, string name)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is ' ' or '\t')
            {
                var rest = line[name.Length..].Trim();
                int end = rest.IndexOfAny(' ', '\t');
                return Number(end < 0 ? rest : rest[..end]);
            }
        }

        return null;
    }

    private static long? Number(ReadOnlySpan<char> text) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
