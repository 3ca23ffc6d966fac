using System.Runtime.InteropServices;

namespace IlZo.Machine;

/// <summary>What emitted code needs of Linux.</summary>
internal static unsafe partial class Libc
{
    public const int ProtectRead = 1;
    public const int ProtectWrite = 2;
    public const int ProtectExecute = 4;
    public const int ProtectNone = 0;
    public const int MapShared = 1;
    public const int MapPrivate = 2;
    public const int MapAnonymous = 0x20;
    public const uint CloseOnExec = 1;
    public const uint MayExecute = 0x10;

    /// <summary>The result of a failed <see cref="Map"/>.</summary>
    public const nint MapFailed = -1;

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    public static partial int SetLength(int file, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "mmap")]
    public static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    public static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    public static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "sigaltstack")]
    public static partial int SignalAltStack(StackDescription* now, StackDescription* before);

    [LibraryImport("libc", EntryPoint = "getauxval")]
    public static partial nuint AuxiliaryValue(nuint type);

    [LibraryImport("libc", EntryPoint = "syscall")]
    public static partial nint SystemCall(nint number, nint first, nint second);

    /// <summary>stack_t of x86-64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct StackDescription
    {
        public nint Start;
        public int Flags;
        public nuint Size;
    }
}
