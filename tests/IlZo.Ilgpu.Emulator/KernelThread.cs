using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ILGPU;

/// <summary>The thread of a kernel that runs on this thread of the operating system.</summary>
internal sealed class KernelThread
{
    [ThreadStatic]
    private static KernelThread? s_current;

    public static KernelThread Current
    {
        get => s_current ?? throw new KernelException("A function for kernels was called outside of one.");
        set => s_current = value;
    }

    /// <summary>The thread's number in its group.</summary>
    public required int Index { get; init; }

    /// <summary>The group it is in.</summary>
    public required GroupExecution Group { get; init; }
}

/// <summary>The group's place in the launch.</summary>
public static class Grid
{
    public static int IdxX => KernelThread.Current.Group.Place.X;

    public static int IdxY => KernelThread.Current.Group.Place.Y;

    public static int IdxZ => KernelThread.Current.Group.Place.Z;

    public static int DimX => KernelThread.Current.Group.Config.GridDim.X;
}

/// <summary>The thread's place in its group, and what the group does together.</summary>
public static class Group
{
    public static int IdxX => KernelThread.Current.Index;

    public static int DimX => KernelThread.Current.Group.Config.GroupDim.X;

    /// <summary>Waits until all threads of the group are here.</summary>
    public static void Barrier()
    {
        var thread = KernelThread.Current;
        thread.Group.WaitForGroup(thread.Index);
    }
}

/// <summary>Memory that the threads of a group share.</summary>
public static unsafe class SharedMemory
{
    /// <summary>The memory that the launch asked for.</summary>
    public static ArrayView<T> GetDynamic<T>()
        where T : unmanaged
    {
        var memory = KernelThread.Current.Group.Shared;
        return new ArrayView<T>((T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(memory)), memory.Length / sizeof(T));
    }
}

/// <summary>Numbers by their bits.</summary>
public static class Interop
{
    public static uint FloatAsInt(float value) => BitConverter.SingleToUInt32Bits(value);

    public static float IntAsFloat(uint value) => BitConverter.UInt32BitsToSingle(value);
}
