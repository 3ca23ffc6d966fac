using System.Runtime.InteropServices;
using static IlZo.Machine.Libc;

namespace IlZo.Machine;

/// <summary>
/// Machine code in executable memory. No page is ever writable and executable at once: a memory file is mapped for execution and, while the
/// code is written, a second time for writing; where memory files may not be executed, ordinary pages are written and then made executable.
/// </summary>
internal sealed unsafe class CodeMemory : IDisposable
{
    private readonly nuint _length;
    private nint _code;

    private CodeMemory(nint code, nuint length) => (_code, _length) = (code, length);

    /// <summary>The first instruction.</summary>
    public void* Entry => (void*)_code;

    /// <summary>Makes code executable, or says with null that this machine does not allow it.</summary>
    public static CodeMemory? Create(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        try
        {
            return MapTwice(code) ?? MapThenProtect(code);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The first way: one memory file under two addresses.</summary>
    public static CodeMemory? MapTwice(ReadOnlySpan<byte> code)
    {
        // Linux before 6.3 does not know MayExecute; later ones may be set up to require it.
        int file = CreateMemoryFile("ilzo-code", CloseOnExec | MayExecute);
        file = file >= 0 ? file : CreateMemoryFile("ilzo-code", CloseOnExec);
        if (file < 0)
        {
            return null;
        }

        nuint length = PagesFor(code.Length);
        bool written = SetLength(file, (nint)length) == 0 && Write(file, length, code);
        nint executable = written ? Map(0, length, ProtectRead | ProtectExecute, MapShared, file, 0) : MapFailed;
        _ = Close(file);
        return executable == MapFailed ? null : new CodeMemory(executable, length);
    }

    /// <summary>The second way: pages that are first writable, then executable.</summary>
    public static CodeMemory? MapThenProtect(ReadOnlySpan<byte> code)
    {
        nuint length = PagesFor(code.Length);
        nint pages = Map(0, length, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (pages == MapFailed)
        {
            return null;
        }

        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        if (Protect(pages, length, ProtectRead | ProtectExecute) == 0)
        {
            return new CodeMemory(pages, length);
        }

        _ = Unmap(pages, length);
        return null;
    }

    /// <summary>Takes the code away; nothing may be running it.</summary>
    public void Dispose()
    {
        if (_code != 0)
        {
            _ = Unmap(_code, _length);
            _code = 0;
        }
    }

    private static bool Write(int file, nuint length, ReadOnlySpan<byte> code)
    {
        nint writable = Map(0, length, ProtectRead | ProtectWrite, MapShared, file, 0);
        if (writable == MapFailed)
        {
            return false;
        }

        code.CopyTo(new Span<byte>((void*)writable, code.Length));
        return Unmap(writable, length) == 0;
    }

    private static nuint PagesFor(int bytes) =>
        (nuint)((bytes + Environment.SystemPageSize - 1) / Environment.SystemPageSize * Environment.SystemPageSize);
}
