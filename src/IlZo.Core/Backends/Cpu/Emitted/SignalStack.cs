using IlZo.Machine;
using static IlZo.Machine.Libc;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>
/// The stack on which signals are handled while a thread uses tiles. The runtime gives each thread 16 kB, and from a thread's first tile
/// instruction on the kernel stores 8 kB of tiles beside the other registers there: a null reference, which is a signal first, would then
/// end the process. To be installed before the first tile instruction and disposed of by the same thread as it ends.
/// </summary>
internal sealed unsafe class SignalStack : IDisposable
{
    private const nuint Size = 64 * 1024;
    private const int MinimumSizeEntry = 51;

    private readonly nint _memory;
    private readonly nuint _length;
    private StackDescription _before;

    private SignalStack(nint memory, nuint length) => (_memory, _length) = (memory, length);

    /// <summary>Gives the calling thread a large stack for signals, with a page below it that may not be touched.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it.</exception>
    public static SignalStack Install()
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint usable = (Size + AuxiliaryValue(MinimumSizeEntry) + page - 1) / page * page;
        nint memory = Map(0, usable + page, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (memory == MapFailed)
        {
            throw new OutOfMemoryException("There is no memory for a stack for signals.");
        }

        var stack = new SignalStack(memory, usable + page);
        var now = new StackDescription { Start = memory + (nint)page, Size = usable };
        fixed (StackDescription* before = &stack._before)
        {
            if (Protect(memory, page, ProtectNone) != 0 || SignalAltStack(&now, before) != 0)
            {
                _ = Unmap(memory, usable + page);
                throw new OutOfMemoryException("The stack for signals could not be installed.");
            }
        }

        return stack;
    }

    public void Dispose()
    {
        fixed (StackDescription* before = &_before)
        {
            _ = SignalAltStack(before, null);
        }

        _ = Unmap(_memory, _length);
    }
}
