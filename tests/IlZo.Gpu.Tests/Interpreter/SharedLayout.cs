using System.Runtime.InteropServices;
using IlZo.Ptx;

namespace IlZo.Gpu.Tests.Interpreter;

/// <summary>
/// Where wgmma finds a matrix in shared memory, K-major, as the PTX ISA draws it: chunks of eight numbers of a row move within a row of 32,
/// 64 or 128 bytes, or lie in core matrices of their own.
/// </summary>
/// <param name="Swizzle">32, 64 or 128; 0 for core matrices.</param>
/// <param name="Rows">Rows, a multiple of 8.</param>
/// <param name="Start">The address of the matrix, a multiple of 1024.</param>
internal sealed record SharedLayout(int Swizzle, int Rows, int Start = (int)PtxMemory.Base)
{
    private const int ChunkBytes = 16;

    /// <summary>Bytes from a core matrix to the next in K.</summary>
    private int Leading => Rows * ChunkBytes;

    /// <summary>Bytes from eight rows to the next.</summary>
    private int Stride => 8 * (Swizzle == 0 ? ChunkBytes : Swizzle);

    /// <summary>The descriptor of 16 columns.</summary>
    public ulong Descriptor(int firstColumn)
    {
        int bytes = firstColumn * sizeof(ushort);
        int start = Swizzle == 0 ? bytes / ChunkBytes * Leading : (bytes / Swizzle * Rows * Swizzle) + (bytes % Swizzle);
        ulong mode = Swizzle switch { 0 => 0ul, 128 => 1, 64 => 2, _ => 3 };
        return Descriptor(Start + start, Swizzle == 0 ? Leading : 0, Stride, mode);
    }

    /// <summary>A descriptor by its fields, sizes in bytes.</summary>
    public static ulong Descriptor(int start, int leading, int stride, ulong mode) =>
        (uint)(start / ChunkBytes) | ((ulong)(uint)(leading / ChunkBytes) << 16) | ((ulong)(uint)(stride / ChunkBytes) << 32)
        | (mode << 62);

    /// <summary>Writes a matrix.</summary>
    public void Write(Span<byte> shared, ushort[,] matrix)
    {
        var numbers = MemoryMarshal.Cast<byte, ushort>(shared);
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < matrix.GetLength(1); column++)
            {
                numbers[(Start - (int)PtxMemory.Base + ByteOf(row, column)) / sizeof(ushort)] = matrix[row, column];
            }
        }
    }

    private int ByteOf(int row, int column)
    {
        int inChunk = column % 8 * sizeof(ushort);
        int chunk = column / 8;
        if (Swizzle == 0)
        {
            return (chunk * Leading) + (row / 8 * Stride) + (row % 8 * ChunkBytes) + inChunk;
        }

        int chunks = Swizzle / ChunkBytes;
        int pattern = Swizzle switch { 128 => row % 8, 64 => row / 2 % 4, _ => row / 4 % 2 };
        return (chunk / chunks * Rows * Swizzle) + (row * Swizzle) + ((chunk % chunks ^ pattern) * ChunkBytes) + inChunk;
    }
}
