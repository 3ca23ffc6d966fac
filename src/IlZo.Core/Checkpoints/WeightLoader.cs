using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using IlZo.Arithmetic;
using IlZo.Arithmetic.Blocks;
using IlZo.Tensors;

namespace IlZo.Checkpoints;

/// <summary>Makes parameters of stored tensors. Blocks stay as they are or are widened; nothing is put into blocks here.</summary>
internal static unsafe class WeightLoader
{
    private const int ChunkElements = 1 << 14;

    // Elements of blocks that are looked at together, a multiple of every block.
    private const int BlockChunk = 1 << 10;

    /// <summary>
    /// The parameter for a stored tensor. Where the stored type is the wanted one the parameter lies in the file's memory,
    /// otherwise in a new buffer with the values converted, rounded to nearest even.
    /// </summary>
    /// <param name="tensor">The stored tensor, of one or two dimensions.</param>
    /// <param name="wanted">The type of the parameter.</param>
    /// <param name="memory">Receives the buffer, if one is made.</param>
    /// <param name="role">What the tensor is in its model.</param>
    /// <param name="copies">Whether the parameter shall not lie in the file's memory in any case.</param>
    /// <exception cref="InvalidInputException">
    /// The stored type is none that weights have, the shape is not one of a parameter, or a value overflows the type.
    /// </exception>
    public static Parameter ToParameter(
        TensorEntry tensor, DType wanted, List<IDisposable> memory, TensorRole role = default, bool copies = false)
    {
        if (!StoredType.TryGetDType(tensor.Type, out var stored))
        {
            throw new InvalidInputException(
                $"'{tensor.File}': tensor '{SafetensorsHeader.Printable(tensor.Name)}' has dtype {tensor.Type}; F32, F16 or BF16 was "
                    + "expected.");
        }

        byte* data = tensor.Data;
        if (copies || stored != wanted || (!wanted.IsBlocked() && (nuint)data % (nuint)wanted.Size() != 0))
        {
            var layout = stored.Layout();
            long count = tensor.ByteCount / layout.BlockBytes * layout.BlockElements;
            var buffer = new NativeBuffer(wanted.Layout().Bytes(count));
            memory.Add(buffer);
            data = (byte*)buffer.Data;
            Convert(tensor, stored, data, wanted, count);
        }

        return new Parameter(tensor.Name, tensor.Shape, wanted, data, role);
    }

    /// <summary>Checks that all elements are finite.</summary>
    /// <param name="parameter">The parameter to check; all of it is read.</param>
    /// <param name="file">The file it comes from, for the message.</param>
    /// <exception cref="InvalidInputException">An element is infinite or not a number; the message names the first.</exception>
    public static void RequireFinite(Parameter parameter, string file)
    {
        long index = FirstNonFinite(parameter.Data, parameter.Type, parameter.Count);
        if (index >= 0)
        {
            throw new InvalidInputException(
                $"'{file}': tensor '{SafetensorsHeader.Printable(parameter.Name)}' has "
                + $"{ElementAt(parameter.Data, parameter.Type, index)} at flat index {index}; finite weights were expected.");
        }
    }

    /// <summary>Reads a parameter as a whole, once: brings its pages in, checks that all elements are finite, and hashes them.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="file">The file it comes from, for the message.</param>
    /// <param name="hashes">Whether to keep <see cref="Parameter.LoadedHashes"/>.</param>
    /// <param name="drops">Whether to give its pages back.</param>
    /// <param name="cancellation">Ends the reading between two pieces.</param>
    /// <exception cref="InvalidInputException">An element is infinite or not a number; the message names the first.</exception>
    public static void ReadAll(Parameter parameter, string file, bool hashes, bool drops, CancellationToken cancellation)
    {
        var layout = parameter.Type.Layout();
        int pieces = ParameterPieces.Count(parameter);
        byte[][] hashed = new byte[pieces][];
        bool[] isFinite = new bool[pieces];
        Parallel.For(0, pieces, new ParallelOptions { CancellationToken = cancellation }, piece =>
        {
            ParameterPieces.Populate(parameter, piece);

            // The blocks that begin in the piece.
            long begin = (((long)piece * ParameterPieces.Bytes) + layout.BlockBytes - 1) / layout.BlockBytes;
            long end = Math.Min(
                parameter.ByteCount / layout.BlockBytes,
                (((piece + 1L) * ParameterPieces.Bytes) + layout.BlockBytes - 1) / layout.BlockBytes);
            isFinite[piece] = FirstNonFinite(
                parameter.Data + (begin * layout.BlockBytes), parameter.Type, (end - begin) * layout.BlockElements) < 0;
            if (hashes)
            {
                hashed[piece] = Sha256.Hash(ParameterPieces.Read(parameter, piece));
            }
        });
        for (int piece = 0; drops && piece < pieces; piece++)
        {
            ParameterPieces.Drop(parameter, piece);
        }

        parameter.LoadedHashes = hashes ? hashed : null;
        if (!isFinite.All(finite => finite))
        {
            RequireFinite(parameter, file);
        }
    }

    /// <summary>What fp32 values become when they are kept in a type, rounded to nearest even.</summary>
    internal static void RoundTo(DType type, Span<float> values)
    {
        byte* narrow = stackalloc byte[ChunkElements * sizeof(float)];
        for (int start = 0; start < values.Length; start += ChunkElements)
        {
            var chunk = values.Slice(start, Math.Min(ChunkElements, values.Length - start));
            Narrow(chunk, type, narrow);
            Widen(narrow, type, chunk);
        }
    }

    /// <summary>Reads a row as fp32.</summary>
    internal static void ReadRow(Parameter parameter, int row, Span<float> values) => Widen(parameter.RowAt(row), parameter.Type, values);

    /// <summary>Stores a row, rounded to nearest even.</summary>
    /// <exception cref="InvalidInputException">A value overflows the type.</exception>
    internal static void WriteRow(Parameter parameter, int row, ReadOnlySpan<float> values)
    {
        Narrow(values, parameter.Type, parameter.At(row, 0));

        // It is not what was loaded any more, and giving its pages back would undo it.
        parameter.LoadedHashes = null;
        parameter.Place = null;
        long index = FirstNonFinite(parameter.At(row, 0), parameter.Type, values.Length);
        if (index >= 0)
        {
            throw new InvalidInputException(
                $"Tensor '{SafetensorsHeader.Printable(parameter.Name)}' would get {values[(int)index]:R} at [{row}, {index}], "
                + $"which overflows {StoredType.Name(parameter.Type)}; smaller values or a wider type were expected.");
        }
    }

    private static void Convert(TensorEntry tensor, DType from, byte* target, DType to, long count)
    {
        byte* source = tensor.Data;
        if (from == to)
        {
            Buffer.MemoryCopy(source, target, tensor.ByteCount, tensor.ByteCount);
            return;
        }

        float[] wide = new float[ChunkElements];
        for (long start = 0; start < count; start += ChunkElements)
        {
            int length = (int)Math.Min(ChunkElements, count - start);
            var values = wide.AsSpan(0, length);
            byte* part = target + (start * to.Size());
            Widen(source + from.Layout().Bytes(start), from, values);
            Narrow(values, to, part);

            // An infinity that was stored stays one and is RequireFinite's to report.
            for (long i = FirstNonFinite(part, to, length); i >= 0 && i < length; i = NextNonFinite(part, to, i + 1, length))
            {
                if (float.IsFinite(values[(int)i]))
                {
                    throw new InvalidInputException(
                        $"'{tensor.File}': tensor '{SafetensorsHeader.Printable(tensor.Name)}' has {values[(int)i]:R} at flat "
                        + $"index {start + i}, which overflows {StoredType.Name(to)}; smaller values or a wider type were expected.");
                }
            }
        }
    }

    private static void Widen(byte* source, DType type, Span<float> values)
    {
        if (type.IsBlocked())
        {
            fixed (float* to = values)
            {
                BlockRows.Read(type, source, 0, to, values.Length);
            }
        }
        else if (type == DType.F32)
        {
            new ReadOnlySpan<byte>(source, values.Length * sizeof(float)).CopyTo(MemoryMarshal.AsBytes(values));
        }
        else if (type == DType.F16)
        {
            TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(source, values.Length), values);
        }
        else
        {
            TensorPrimitives.ConvertTruncating(new ReadOnlySpan<ushort>(source, values.Length), MemoryMarshal.Cast<float, uint>(values));
            var bits = MemoryMarshal.Cast<float, uint>(values);
            TensorPrimitives.ShiftLeft(bits, 16, bits);
        }
    }

    /// <summary>Rounds fp32 values to a type, to nearest even.</summary>
    internal static void Narrow(ReadOnlySpan<float> values, DType type, byte* target)
    {
        if (type == DType.F32)
        {
            MemoryMarshal.AsBytes(values).CopyTo(new Span<byte>(target, values.Length * sizeof(float)));
        }
        else if (type == DType.F16)
        {
            TensorPrimitives.ConvertToHalf(values, new Span<Half>(target, values.Length));
        }
        else
        {
            var bits = MemoryMarshal.Cast<float, uint>(values);
            for (int i = 0; i < bits.Length; i++)
            {
                ((ushort*)target)[i] = ToBFloat16(bits[i]);
            }
        }
    }

    /// <summary>Rounds the bits of a binary32 to its upper half, to nearest even; a NaN stays one, whatever its payload.</summary>
    private static ushort ToBFloat16(uint bits)
    {
        uint rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
        return (ushort)((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded);
    }

    private static long NextNonFinite(byte* data, DType type, long start, long count)
    {
        long next = FirstNonFinite(data + (start * type.Size()), type, count - start);
        return next < 0 ? -1 : start + next;
    }

    /// <summary>The index of the first element whose exponent bits are all set, or -1.</summary>
    private static long FirstNonFinite(byte* data, DType type, long count) => type switch
    {
        DType.F32 => FirstWithBits((uint*)data, count, 0x7f800000u),
        DType.F16 => FirstWithBits((ushort*)data, count, (ushort)0x7c00),
        DType.BF16 => FirstWithBits((ushort*)data, count, (ushort)0x7f80),
        _ => FirstOfBlocks(data, type, count),
    };

    // Of blocks scales can be infinite, which the elements show.
    private static long FirstOfBlocks(byte* data, DType type, long count)
    {
        float* values = stackalloc float[BlockChunk];
        for (long start = 0; start < count; start += BlockChunk)
        {
            int length = (int)Math.Min(BlockChunk, count - start);
            BlockRows.Read(type, data + type.Layout().Bytes(start), 0, values, length);
            long index = FirstWithBits((uint*)values, length, 0x7f800000u);
            if (index >= 0)
            {
                return start + index;
            }
        }

        return -1;
    }

    private static long FirstWithBits<T>(T* data, long count, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        var masks = new Vector<T>(mask);
        long i = 0;
        for (; i <= count - Vector<T>.Count; i += Vector<T>.Count)
        {
            if (Vector.EqualsAny(Vector.Load(data + i) & masks, masks))
            {
                break;
            }
        }

        for (; i < count; i++)
        {
            if ((data[i] & mask) == mask)
            {
                return i;
            }
        }

        return -1;
    }

    private static float ElementAt(byte* data, DType type, long index)
    {
        var layout = type.Layout();
        float value;
        Widening.Read(type, data + layout.Bytes(index), (int)(index % layout.BlockElements), &value, 1);
        return value;
    }
}
