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
        VectorWidth.Use(new Work(type, row, null, column, to, count));

    /// <summary>Reads them as they would be with other scales.</summary>
    /// <param name="type">A type of <see cref="BlockScales"/>.</param>
    /// <param name="row">The first byte of the row.</param>
    /// <param name="scales">The scale of each block of the row, as <see cref="BlockScales"/> has it.</param>
    /// <param name="column">The first element; it need not begin a block.</param>
    /// <param name="to">Receives the numbers.</param>
    /// <param name="count">How many; they need not end one.</param>
    public static void Read(DType type, byte* row, float* scales, int column, float* to, int count) =>
        VectorWidth.Use(new Work(type, row, scales, column, to, count));

    // How a run is read: with the scale that its block has, or with another.
    private interface IRuns
    {
        static abstract void Read<TVector, TSimd>(byte* block, float* scale, int run, float* to)
            where TVector : struct
            where TSimd : struct, ISimd<TVector>;
    }

    private readonly struct Stored<TFormat> : IRuns
        where TFormat : struct, IBlockFormat
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read<TVector, TSimd>(byte* block, float* scale, int run, float* to)
            where TVector : struct
            where TSimd : struct, ISimd<TVector> => TFormat.Read<TVector, TSimd>(block, run, to);
    }

    private readonly struct Rescaled<TFormat> : IRuns
        where TFormat : struct, IOneScaleFormat
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Read<TVector, TSimd>(byte* block, float* scale, int run, float* to)
            where TVector : struct
            where TSimd : struct, ISimd<TVector> =>
            TFormat.Read<TVector, TSimd>(block, BlockScales.OfCodes<TFormat>(*scale), run, to);
    }

    private readonly struct Work(DType type, byte* row, float* scales, int column, float* to, int count) : IVectorWork
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Do<TVector, TSimd>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
        {
            switch (type)
            {
                case DType.Q8_0:
                    ReadOneScale<TVector, TSimd, Q8ZeroFormat>();
                    break;
                case DType.Q4_0:
                    ReadOneScale<TVector, TSimd, Q4ZeroFormat>();
                    break;
                case DType.Q4_K:
                    ReadStored<TVector, TSimd, Q4KFormat>();
                    break;
                case DType.Q6_K:
                    ReadStored<TVector, TSimd, Q6KFormat>();
                    break;
                case DType.NF4:
                    ReadOneScale<TVector, TSimd, NormalFloatFormat>();
                    break;
                case DType.Q4_Z:
                    ReadOneScale<TVector, TSimd, ZeroPointFormat>();
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(type), type, "A type with blocks was expected.");
            }
        }

        private void ReadOneScale<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IOneScaleFormat
        {
            if (scales == null)
            {
                ReadStored<TVector, TSimd, TFormat>();
            }
            else
            {
                Read<TVector, TSimd, TFormat, Rescaled<TFormat>>();
            }
        }

        private void ReadStored<TVector, TSimd, TFormat>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IBlockFormat => Read<TVector, TSimd, TFormat, Stored<TFormat>>();

        private void Read<TVector, TSimd, TFormat, TRuns>()
            where TVector : struct
            where TSimd : struct, ISimd<TVector>
            where TFormat : struct, IBlockFormat
            where TRuns : struct, IRuns
        {
            const int Run = IBlockFormat.Run;
            float* part = stackalloc float[Run];
            for (int done = 0; done < count;)
            {
                int at = column + done;
                int number = at / TFormat.Elements;
                byte* block = row + ((long)number * TFormat.Bytes);
                int run = at % TFormat.Elements / Run;
                int first = at % Run;
                int length = Math.Min(Run - first, count - done);
                if (length == Run)
                {
                    TRuns.Read<TVector, TSimd>(block, scales + number, run, to + done);
                }
                else
                {
                    TRuns.Read<TVector, TSimd>(block, scales + number, run, part);
                    new ReadOnlySpan<float>(part + first, length).CopyTo(new Span<float>(to + done, length));
                }

                done += length;
            }
        }
    }
}
