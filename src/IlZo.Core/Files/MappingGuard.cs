using System.Runtime.InteropServices;
using System.Text;
using IlZo.Machine;

namespace IlZo.Files;

/// <summary>
/// Ends the process with a sentence where it reads a mapped file that became shorter or that the disk cannot read: the system says so by
/// the signal SIGBUS, at which only machine code may run. The code finds the mapping that the address is in, writes that mapping's sentence
/// to standard error and ends the process with exit code 1; all other signals of this kind go to the runtime's own handler. Linux on x86-64
/// only.
/// </summary>
/// <remarks>A program asks for it, since it ends the process; a library that is used by another program must not.</remarks>
internal static unsafe partial class MappingGuard
{
    private const int BusError = 7;
    private const int WithInformation = 4;
    private const int OnSignalStack = 0x08000000;
    private const int MostMappings = 4096;

    private static readonly Lock s_lock = new();

    // What the handler walks through: it is never freed.
    private static readonly Mapping* s_mappings = (Mapping*)NativeMemory.AllocZeroed(MostMappings, (nuint)sizeof(Mapping));
    private static string? s_program;
    private static bool s_isInstalled;

    /// <summary>Installs the handler.</summary>
    /// <param name="program">What the sentences begin with.</param>
    public static void Install(string program)
    {
        lock (s_lock)
        {
            s_program = program;
            Action before;
            if (s_isInstalled || !OperatingSystem.IsLinux() || SetAction(BusError, null, &before) != 0 || before.Handler is 0 or 1)
            {
                return;
            }

            // The code stays as long as the process.
            if (CodeMemory.Create(Handler(before.Handler)) is { } code)
            {
                var action = new Action { Handler = (nint)code.Entry, Flags = WithInformation | OnSignalStack };
                s_isInstalled = SetAction(BusError, &action, null) == 0;
            }
        }
    }

    /// <summary>Enters a mapping of a file, and takes it out again with <see cref="Leave"/>.</summary>
    /// <returns>Its place, or null where there is no handler or no more room.</returns>
    internal static int? Enter(string path, byte* data, long length)
    {
        lock (s_lock)
        {
            for (int i = 0; i < MostMappings && s_isInstalled; i++)
            {
                if (s_mappings[i].Text == null)
                {
                    byte[] text = Encoding.UTF8.GetBytes(
                        $"{s_program}'{path}' became shorter while it was in use, or the disk cannot read it; a file that does not change "
                            + "was expected.\n");
                    s_mappings[i].Text = (byte*)NativeMemory.Alloc((nuint)text.Length);
                    text.CopyTo(new Span<byte>(s_mappings[i].Text, text.Length));
                    s_mappings[i].TextLength = text.Length;
                    s_mappings[i].Start = data;

                    // The handler takes a mapping for one once it ends behind its start.
                    Volatile.Write(ref *(nint*)&s_mappings[i].End, (nint)(data + length));
                    return i;
                }
            }
        }

        return null;
    }

    internal static void Leave(int place)
    {
        lock (s_lock)
        {
            Volatile.Write(ref *(nint*)&s_mappings[place].End, 0);
            NativeMemory.Free(s_mappings[place].Text);
            s_mappings[place] = default;
        }
    }

    // The handler has the signal's number in rdi, the siginfo in rsi, whose address is at 16, and the context in rdx.
    private static byte[] Handler(nint next) =>
    [
        0x48, 0x8B, 0x46, 0x10, // mov rax, [rsi + 16]
        0x49, 0xB8, .. Bytes((nint)s_mappings), // mov r8, mappings
        0xB9, .. BitConverter.GetBytes(MostMappings), // mov ecx, count
        0x49, 0x3B, 0x00, // each: cmp rax, [r8]
        0x72, 0x06, // jb other
        0x49, 0x3B, 0x40, 0x08, // cmp rax, [r8 + 8]
        0x72, 0x15, // jb found
        0x49, 0x83, 0xC0, 0x20, // other: add r8, 32
        0xFF, 0xC9, // dec ecx
        0x75, 0xED, // jnz each
        0x49, 0xBB, .. Bytes(next), // mov r11, next
        0x41, 0xFF, 0xE3, // jmp r11
        0x49, 0x8B, 0x70, 0x10, // found: mov rsi, [r8 + 16]
        0x49, 0x8B, 0x50, 0x18, // mov rdx, [r8 + 24]
        0xBF, 0x02, 0x00, 0x00, 0x00, // mov edi, 2: standard error
        0xB8, 0x01, 0x00, 0x00, 0x00, // mov eax, 1: write
        0x0F, 0x05, // syscall
        0xBF, 0x01, 0x00, 0x00, 0x00, // mov edi, 1
        0xB8, 0xE7, 0x00, 0x00, 0x00, // mov eax, 231: exit_group
        0x0F, 0x05, // syscall
    ];

    private static byte[] Bytes(nint address) => BitConverter.GetBytes((long)address);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int SetAction(int signal, Action* now, Action* before);

    [StructLayout(LayoutKind.Sequential)]
    private struct Mapping
    {
        public byte* Start;
        public byte* End;
        public byte* Text;
        public long TextLength;
    }

    /// <summary>struct sigaction of x86-64's C libraries.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    private struct Action
    {
        [FieldOffset(0)]
        public nint Handler;

        [FieldOffset(136)]
        public int Flags;
    }
}
