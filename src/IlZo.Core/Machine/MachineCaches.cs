using System.Runtime.Intrinsics.X86;

namespace IlZo.Machine;

/// <summary>What is known about the caches between a core and memory, and about hyper-threads.</summary>
/// <param name="Levels">Caches that hold data, from the core on, one of each level; empty where nothing is known.</param>
/// <param name="ThreadsPerCore">Hyper-threads of a core; null where the system does not say.</param>
/// <param name="Source">Who says so.</param>
internal sealed record MachineCaches(IReadOnlyList<CacheLevel> Levels, int? ThreadsPerCore, string Source)
{
    /// <summary>Nothing is known.</summary>
    public static MachineCaches Unknown { get; } = new([], null, "nobody");

    /// <summary>
    /// Those of this machine: from Linux' list or, where it has none (other systems, and virtual machines that hide it), from the processor
    /// itself. Elsewhere nothing is known.
    /// </summary>
    public static MachineCaches Current { get; } = Find(
        OperatingSystem.IsLinux() ? SysfsCaches.Root : null, X86Base.IsSupported ? X86Base.CpuId : null);

    /// <summary>A level; null where it is not known.</summary>
    public CacheLevel? this[int level] => Levels.FirstOrDefault(c => c.Level == level);

    /// <summary>Finds them.</summary>
    /// <param name="sysfs">A folder like /sys/devices/system/cpu; null where there is none.</param>
    /// <param name="cpuid">The instruction CPUID; null where there is none.</param>
    public static MachineCaches Find(string? sysfs, CpuId? cpuid)
    {
        var listed = sysfs is null ? Unknown : SysfsCaches.Read(sysfs);
        var told = cpuid is null || listed is { Levels.Count: > 0, ThreadsPerCore: not null } ? Unknown : CpuidCaches.Read(cpuid);
        return (listed.Levels.Count > 0 ? listed : told) with { ThreadsPerCore = listed.ThreadsPerCore ?? told.ThreadsPerCore };
    }

    /// <summary>Of levels found in any order the first of each that holds data, from the core on.</summary>
    public static IReadOnlyList<CacheLevel> InOrder(IEnumerable<CacheLevel?> found) =>
        [.. found.OfType<CacheLevel>().DistinctBy(c => c.Level).OrderBy(c => c.Level)];
}
