using System.Runtime.CompilerServices;
using IlZo.Arithmetic.Vectors;
using IlZo.Tensors;

namespace IlZo.Arithmetic.Blocks;

/// <summary>Reads slices of rows that are stored in blocks as fp32.</summary>
internal static unsafe class BlockRows
{
    /// <summary>Reads consecutive elements of a row.</summary>
    /// <param name="type">A type with blocks.</param>
    /// <param name="row">The first byte of the row.</param>
    /// <param name="column">The first element; it need not begin a block.</param>
    /// <param name="to">Receives the numbers.</param>
    /// <param name="count">How many; they need not end one.</param>
    public static void Read(DType type, byte* row, int column, float* to, int count) =>
        VectorWidth.Use(new Work(type, row, column, to, count));

    private readonly struct Work(DType type, byte* row, int column, float* to, int count) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            switch (type)
            {
                case DType.Q8_0:
                    Read<TVector, TSimd, Q8ZeroFormat>();
                    break;
                case DType.Q4_0:
                    Read<TVector, TSimd, Q4ZeroFormat>();
                    break;
                case DType.Q4_K:
                    Read<TVector, TSimd, Q4KFormat>();
                    break;
                case DType.Q6_K:
                    Read<TVector, TSimd, Q6KFormat>();
                    break;
                case DType.NF4:
                    Read<TVector, TSimd, NormalFloatFormat>();
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(type), type, "A type with blocks was expected.");
            }
        }

        private void Read<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IBlockFormat
        {
            const int Run = IBlockFormat.Run;
            float* part = stackalloc float[Run];
            for (int done = 0; done < count;)
            {
                int at = column + done;
                byte* block = row + ((long)(at / TFormat.Elements) * TFormat.Bytes);
                int run = at % TFormat.Elements / Run;
                int first = at % Run;
                int length = Math.Min(Run - first, count - done);
                if (length == Run)
                {
                    TFormat.Read<TVector, TSimd>(block, run, to + done);
                }
                else
                {
                    TFormat.Read<TVector, TSimd>(block, run, part);
                    new ReadOnlySpan<float>(part + first, length).CopyTo(new Span<float>(to + done, length));
                }

                done += length;
            }
        }
    }
}
