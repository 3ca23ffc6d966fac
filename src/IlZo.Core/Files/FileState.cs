using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace IlZo.Files;

/// <summary>
/// What tells without reading it whether a file is the one that it was: its length, the time of the last change of its content, and, on
/// Linux, which file of which device it is.
/// </summary>
internal readonly record struct FileState
{
    private FileState(ulong device, ulong inode, long length, Int128 modified) =>
        (Device, Inode, Length, Modified) = (device, inode, length, modified);

    public long Length { get; }

    private ulong Device { get; }

    private ulong Inode { get; }

    // Nanoseconds since 1970.
    private Int128 Modified { get; }

    /// <summary>The state of an open file.</summary>
    public static FileState Of(SafeFileHandle file) => Posix.TryStatus(file.DangerousGetHandle(), out var status)
        ? Of(status)
        : new FileState(0, 0, RandomAccess.GetLength(file), Nanoseconds(File.GetLastWriteTimeUtc(file)));

    /// <summary>The state of the file that a path leads to; null where there is none.</summary>
    public static FileState? Of(string path)
    {
        if (Posix.TryStatus(path, out var status))
        {
            return Of(status);
        }

        var info = new FileInfo(path);
        return info.Exists ? new FileState(0, 0, info.Length, Nanoseconds(info.LastWriteTimeUtc)) : null;
    }

    /// <summary>What is different of a file that had this state, as the end of "the file …"; null for nothing.</summary>
    public string? DifferenceOf(FileState? now) => now switch
    {
        null => "is there no more",
        { } other when (other.Device, other.Inode) != (Device, Inode) => "was replaced by another one",
        { } other when other.Length != Length =>
            string.Create(CultureInfo.InvariantCulture, $"has {other.Length} bytes where it had {Length}"),
        { } other when other.Modified != Modified => $"was written to at {Text(other.Modified)}",
        _ => null,
    };

    private static FileState Of(Posix.Status status) => new(status.Device, status.Inode, status.Length, status.Modified);

    private static Int128 Nanoseconds(DateTime time) => (Int128)(time - DateTime.UnixEpoch).Ticks * 100;

    private static string Text(Int128 nanoseconds) =>
        DateTime.UnixEpoch.AddTicks((long)Int128.Clamp(nanoseconds / 100, 0, long.MaxValue / 4)).ToString(
            "yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);
}
