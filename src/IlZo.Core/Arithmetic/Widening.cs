using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Blocks;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Arithmetic;

/// <summary>Reads stored weights as fp32. Weights are finite (checked at load), so no path looks for infinities.</summary>
internal static unsafe class Widening
{
    /// <summary>2¹¹²: the difference between the exponent biases of binary32 and binary16.</summary>
    internal const float HalfScale = 5.192296858534828e33f;

    /// <summary>The bits of binary32 that a widened binary16 can have.</summary>
    internal const uint HalfMask = 0x8FFFE000;

    /// <summary>Widens consecutive elements of a row of a tensor; blocks with the scales that stand for their own.</summary>
    public static void Read(Parameter tensor, int row, int column, float* destination, int count)
    {
        if (tensor.Scales is { } scales)
        {
            BlockRows.Read(tensor.Type, tensor.RowAt(row), (float*)scales.RowAt(row), column, destination, count);
        }
        else
        {
            Read(tensor.Type, tensor.RowAt(row), column, destination, count);
        }
    }

    /// <summary>Widens consecutive elements of a row that begins at <paramref name="row"/>.</summary>
    public static void Read(DType type, byte* row, int column, float* destination, int count)
    {
        if (type.IsBlocked())
        {
            BlockRows.Read(type, row, column, destination, count);
        }
        else
        {
            Read(type, row + ((long)column * type.Size()), destination, count);
        }
    }

    /// <summary>Widens <paramref name="count"/> elements that each have an address.</summary>
    public static void Read(DType type, byte* source, float* destination, int count)
    {
        if (type == DType.F32)
        {
            Buffer.MemoryCopy(source, destination, count * 4L, count * 4L);
        }
        else
        {
            StoredWeights.Use(type, new Work(type, source, destination, count));
        }
    }

    /// <summary>Widens one element.</summary>
    public static float Read(DType type, byte* source) => type switch
    {
        DType.F32 => *(float*)source,
        DType.F16 => (float)BitConverter.UInt16BitsToHalf(*(ushort*)source),
        DType.BF16 => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "An element with an address was expected."),
    };

    private readonly struct Work(DType type, byte* source, float* destination, int count) : IStoredWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IWeightFormat<TVector>
        {
            int i = 0;
            for (; i <= count - TSimd.Width; i += TSimd.Width)
            {
                TSimd.Store(TFormat.Load(source + ((long)i * TFormat.Size)), destination + i);
            }

            for (; i < count; i++)
            {
                destination[i] = Read(type, source + ((long)i * TFormat.Size));
            }
        }
    }
}
