using System.Runtime.InteropServices;

namespace IlZo.Files;

/// <summary>What the library needs of Unix's files that .NET has no call for.</summary>
internal static unsafe partial class Posix
{
    public const int ReadOnly = 0;
    public const int InvalidArgument = 22;

    // The numbers of Linux; this class is used nowhere else but for Open, Flush and Close, which are the same everywhere.
    private const int StatusBasics = 0x7ff;
    private const int OfHandle = 0x1000;
    private const int AtCurrentFolder = -100;

    /// <summary>The status of an open file (Linux); false where it cannot be told.</summary>
    public static bool TryStatus(nint handle, out Status status) => TryStatus((int)handle, string.Empty, OfHandle, out status);

    /// <summary>The status of the file that a path leads to (Linux); false where it cannot be told.</summary>
    public static bool TryStatus(string path, out Status status) => TryStatus(AtCurrentFolder, path, 0, out status);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Flush(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int file);

    /// <summary>The bytes of the working folder's path; empty where they cannot be told.</summary>
    public static ReadOnlySpan<byte> CurrentFolder()
    {
        byte[] path = new byte[1 << 16];
        fixed (byte* buffer = path)
        {
            return !OperatingSystem.IsWindows() && CurrentFolder(buffer, (nuint)path.Length) != 0
                ? path.AsSpan(0, path.AsSpan().IndexOf((byte)0))
                : default;
        }
    }

    [LibraryImport("libc", EntryPoint = "getcwd")]
    private static partial nint CurrentFolder(byte* buffer, nuint length);

    private static bool TryStatus(int folder, string path, int flags, out Status status)
    {
        status = default;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            fixed (Status* result = &status)
            {
                return StatusOf(folder, path, flags, StatusBasics, result) == 0;
            }
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOf(int folder, string path, int flags, uint mask, Status* status);

    /// <summary>struct statx, the same on every processor. Source: linux/stat.h.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct Status
    {
        private const int KindMask = 0xF000;
        private const int PlainFileKind = 0x8000;
        private const int FolderKind = 0x4000;

        [FieldOffset(28)]
        private readonly ushort _mode;

        [FieldOffset(32)]
        public readonly ulong Inode;

        [FieldOffset(40)]
        public readonly long Length;

        [FieldOffset(112)]
        private readonly long _modifiedSeconds;

        [FieldOffset(120)]
        private readonly uint _modifiedNanoseconds;

        [FieldOffset(136)]
        private readonly uint _deviceMajor;

        [FieldOffset(140)]
        private readonly uint _deviceMinor;

        public readonly bool IsPlainFile => (_mode & KindMask) == PlainFileKind;

        public readonly bool IsFolder => (_mode & KindMask) == FolderKind;

        public readonly ulong Device => ((ulong)_deviceMajor << 32) | _deviceMinor;

        /// <summary>When the content changed last, in nanoseconds since 1970.</summary>
        public readonly Int128 Modified => ((Int128)_modifiedSeconds * 1_000_000_000) + _modifiedNanoseconds;
    }
}
