using System.Runtime.CompilerServices;
using ILGPU.Runtime;

namespace ILGPU;

/// <summary>A part of a buffer. Unlike on a GPU an index outside of it is an error.</summary>
public readonly unsafe struct ArrayView<T>
    where T : unmanaged
{
    private readonly T* _data;

    /// <param name="source">The buffer.</param>
    /// <param name="index">The first element, counted in elements of this type.</param>
    /// <param name="length">How many elements.</param>
    public ArrayView(MemoryBuffer source, long index, long length)
        : this((T*)source.NativePtr + index, length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((index + length) * sizeof(T), source.LengthInBytes);
    }

    internal ArrayView(T* data, long length)
    {
        _data = data;
        Length = length;
    }

    public static ArrayView<T> Empty => default;

    public long Length { get; }

    public bool IsValid => _data != null;

    internal T* Data => _data;

    public ref T this[int index] => ref this[(long)index];

    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)Length)
            {
                throw new KernelException($"Element {index} of a view of {Length} was accessed.");
            }

            return ref _data[index];
        }
    }

    public ArrayView<T> SubView(long index, long subViewLength)
    {
        if (index < 0 || subViewLength < 0 || index + subViewLength > Length)
        {
            throw new KernelException($"Elements {index} to {index + subViewLength} of a view of {Length} were taken.");
        }

        return new ArrayView<T>(_data + index, subViewLength);
    }
}

/// <summary>A kernel did something whose result is undefined on a GPU.</summary>
public sealed class KernelException(string message) : Exception(message);
