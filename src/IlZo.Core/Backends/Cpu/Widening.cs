using System.Runtime.CompilerServices;
using IlZo.Backends.Cpu.Vectors;
using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>Reads stored weights as fp32. Weights are finite (checked at load), so no path looks for infinities.</summary>
internal static unsafe class Widening
{
    /// <summary>2¹¹²: the difference between the exponent biases of binary32 and binary16.</summary>
    internal const float HalfScale = 5.192296858534828e33f;

    /// <summary>The bits of binary32 that a widened binary16 can have.</summary>
    internal const uint HalfMask = 0x8FFFE000;

    /// <summary>Widens <paramref name="count"/> elements.</summary>
    public static void Read(DType type, byte* source, float* destination, int count)
    {
        if (type == DType.F32)
        {
            Buffer.MemoryCopy(source, destination, count * 4L, count * 4L);
        }
        else
        {
            VectorWidth.Use(new Work(type, (ushort*)source, destination, count));
        }
    }

    private readonly struct Work(DType type, ushort* source, float* destination, int count) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector> =>
            Read<TVector, TSimd>(type, source, destination, count);
    }

    private static void Read<TVector, TSimd>(DType type, ushort* source, float* destination, int count)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        int i = 0;
        if (type == DType.F16)
        {
            for (; i <= count - TSimd.Width; i += TSimd.Width)
            {
                TSimd.Store(TSimd.WidenHalf(source + i), destination + i);
            }

            for (; i < count; i++)
            {
                destination[i] = (float)BitConverter.UInt16BitsToHalf(source[i]);
            }
        }
        else
        {
            for (; i <= count - TSimd.Width; i += TSimd.Width)
            {
                TSimd.Store(TSimd.WidenBFloat16(source + i), destination + i);
            }

            for (; i < count; i++)
            {
                destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
            }
        }
    }
}
