using System.Buffers.Binary;
using System.Numerics.Tensors;
using IlZo.Arithmetic.Blocks;
using IlZo.Tensors;

namespace IlZo.Gguf;

/// <summary>Rounds rows of fp32 numbers to the types of the format.</summary>
internal static class GgufEncoding
{
    // The largest number of binary16, and what rounds to it.
    private const float LargestHalf = 65504;
    private const float HalfOverflow = 65520;

    /// <summary>Encodes a row.</summary>
    /// <param name="type">The type.</param>
    /// <param name="row">The numbers; a multiple of <see cref="GgufTypes.BlockLength"/> in blocks.</param>
    /// <param name="destination">Receives <see cref="GgufTypes.RowBytes"/> bytes.</param>
    /// <param name="name">The tensor, for messages.</param>
    /// <exception cref="InvalidInputException">A number is outside the range of the type.</exception>
    public static void Encode(GgufType type, ReadOnlySpan<float> row, Span<byte> destination, string name)
    {
        switch (type)
        {
            case GgufType.F32:
                for (int i = 0; i < row.Length; i++)
                {
                    BinaryPrimitives.WriteSingleLittleEndian(destination[(i * sizeof(float))..], row[i]);
                }

                break;
            case GgufType.F16:
                float largest = TensorPrimitives.MaxMagnitude(row);
                if (!(Math.Abs(largest) < HalfOverflow))
                {
                    throw new InvalidInputException(
                        $"The tensor '{name}' has the number {largest:R}; numbers up to {LargestHalf} were expected for f16.");
                }

                for (int i = 0; i < row.Length; i++)
                {
                    BinaryPrimitives.WriteHalfLittleEndian(destination[(i * sizeof(ushort))..], (Half)row[i]);
                }

                break;
            default:
                float extreme = TensorPrimitives.MaxMagnitude(row);
                if (!(Math.Abs(extreme) / 127 < HalfOverflow) || !BlockRounding.TryWrite(DType.Q8_0, row, destination))
                {
                    throw new InvalidInputException(
                        $"The tensor '{name}' has the number {extreme:R}; numbers up to {127 * LargestHalf} were expected for q8_0.");
                }

                break;
        }
    }
}
