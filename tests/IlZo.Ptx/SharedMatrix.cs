namespace IlZo.Ptx;

/// <summary>
/// A matrix in shared memory as wgmma's descriptor of 64 bits says: rows of 16 numbers of 16 bits, each row two chunks of 16 bytes. Chunks
/// of 8 rows are either core matrices, of 128 bytes one after the other, or lie in rows of 32, 64 or 128 bytes, where bits 4 and above of
/// an address are XORed with bits 7 and above (swizzle).
/// </summary>
internal readonly struct SharedMatrix
{
    private const int ChunkBytes = 16;
    private const int CoreRows = 8;
    private const ulong Defined = 0xC00E_3FFF_3FFF_3FFF;

    private readonly ulong _start;
    private readonly ulong _leading;
    private readonly ulong _stride;
    private readonly ulong _rowBytes;
    private readonly ulong _swizzle;

    /// <summary>Reads a descriptor.</summary>
    /// <exception cref="PtxException">It has a base offset, needs one, or has bits that mean nothing.</exception>
    public SharedMatrix(ulong descriptor)
    {
        Descriptor = descriptor;
        _start = Field(descriptor, 0);
        _stride = Field(descriptor, 32);
        (_rowBytes, _swizzle) = (descriptor >> 62) switch
        {
            0 => ((ulong)ChunkBytes, 0ul),
            1 => (128ul, 7ul),
            2 => (64ul, 3ul),
            _ => (32ul, 1ul),
        };
        _leading = _swizzle == 0 ? Field(descriptor, 16) : ChunkBytes;
        if ((descriptor & ~Defined) != 0)
        {
            throw Error("has bits that mean nothing");
        }

        if (((descriptor >> 49) & 7) != 0)
        {
            throw Error("has a base offset, only 0 is known");
        }

        // The pattern of a swizzle begins where the address is a multiple of its size; elsewhere a base offset would have to say so.
        if (_swizzle != 0 && _start % (CoreRows * _rowBytes) >= _rowBytes)
        {
            throw Error($"starts at {_start:X}, not in the first row of {CoreRows * _rowBytes} bytes that the swizzle repeats after");
        }
    }

    public ulong Descriptor { get; }

    /// <summary>Checks that some rows are in shared memory.</summary>
    public unsafe void Require(PtxMemory memory, int firstRow, int count)
    {
        for (int row = firstRow; row < firstRow + count; row++)
        {
            memory.Shared(Address(row, 0), ChunkBytes);
            memory.Shared(Address(row, 1), ChunkBytes);
        }
    }

    /// <summary>Reads some rows.</summary>
    /// <param name="memory">Where they are.</param>
    /// <param name="firstRow">The first.</param>
    /// <param name="convert">What makes a number of 16 bits.</param>
    /// <param name="target">Where they go, as many as fit.</param>
    /// <param name="isTransposed">Whether the numbers of a column are to lie beside each other, rather than those of a row.</param>
    public unsafe void Read(PtxMemory memory, int firstRow, Func<uint, float> convert, Span<float> target, bool isTransposed)
    {
        const int chunkLength = ChunkBytes / sizeof(ushort);
        const int length = 2 * chunkLength;
        int count = target.Length / length;
        for (int row = 0; row < count; row++)
        {
            for (int chunk = 0; chunk < 2; chunk++)
            {
                ushort* numbers = (ushort*)memory.Shared(Address(firstRow + row, chunk), ChunkBytes);
                for (int i = 0; i < chunkLength; i++)
                {
                    int column = (chunk * chunkLength) + i;
                    target[isTransposed ? (column * count) + row : (row * length) + column] = convert(numbers[i]);
                }
            }
        }
    }

    private static ulong Field(ulong descriptor, int bit) => ((descriptor >> bit) & 0x3FFF) << 4;

    private ulong Address(int row, int chunk)
    {
        var (core, inner) = Math.DivRem(row, CoreRows);
        ulong address = _start + ((ulong)core * _stride) + ((ulong)inner * _rowBytes) + ((ulong)chunk * _leading);
        return address ^ (((address >> 7) & _swizzle) << 4);
    }

    private PtxException Error(string problem) => new($"The matrix descriptor {Descriptor:X16} {problem}.");
}
