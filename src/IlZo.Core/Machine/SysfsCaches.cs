using System.Globalization;

namespace IlZo.Machine;

/// <summary>
/// Caches as Linux lists them (Documentation/ABI/testing/sysfs-devices-system-cpu): a folder <c>cpu0/cache/index*</c> a cache. What is
/// missing or makes no sense is not known; nothing here throws for what a file holds.
/// </summary>
internal static class SysfsCaches
{
    /// <summary>Where Linux has the list.</summary>
    public const string Root = "/sys/devices/system/cpu";

    private const int MostCaches = 16;
    private const int MostProcessors = 1 << 16;

    // A page is the most that such a file holds.
    private const int LongestFile = 4096;

    /// <summary>Reads the caches and the hyper-threads of the first processor that has some.</summary>
    /// <param name="root">A folder like <see cref="Root"/>.</param>
    public static MachineCaches Read(string root)
    {
        string processor = Path.Combine(root, "cpu0");
        var levels = Enumerable.Range(0, MostCaches).Select(i => Cache(Path.Combine(processor, "cache", $"index{i}")));
        int? threads = CountOf(Text(processor, "topology/thread_siblings_list"));
        return new MachineCaches(MachineCaches.InOrder(levels), threads, "Linux");
    }

    /// <summary>How many processors a list like <c>0-3,8,10-11</c> has; null where it is none.</summary>
    public static int? CountOf(string? list)
    {
        long count = 0;
        foreach (string range in list?.Split(',') ?? [""])
        {
            string[] ends = range.Split('-');
            if (ends.Length > 2 || Number(ends[0]) is not { } first || Number(ends[^1]) is not { } last
                || last < first || last >= MostProcessors)
            {
                return null;
            }

            count += last - first + 1;
        }

        return count <= MostProcessors ? (int)count : null;
    }

    /// <summary>Bytes of a size like <c>48K</c> or <c>2M</c>; null where it is none.</summary>
    public static long? Bytes(string? size)
    {
        int shift = size is null or "" ? 0 : size[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        return Number(shift == 0 ? size : size![..^1]) is { } number && number <= CacheLevel.LargestBytes >> shift ? number << shift : null;
    }

    private static CacheLevel? Cache(string folder) =>
        Text(folder, "type") is "Data" or "Unified"
            && Number(Text(folder, "level")) is { } level
            && Bytes(Text(folder, "size")) is { } bytes
            && Number(Text(folder, "coherency_line_size")) is { } line
            ? CacheLevel.Of(level, bytes, line, CountOf(Text(folder, "shared_cpu_list")))
            : null;

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string? Text(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        try
        {
            // Most of those that are asked for are not there, which is no exception.
            if (!File.Exists(path))
            {
                return null;
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] bytes = new byte[LongestFile];
            return System.Text.Encoding.ASCII.GetString(bytes, 0, file.ReadAtLeast(bytes, LongestFile, throwOnEndOfStream: false)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
