using IlZo.Machine;

namespace IlZo.Tensors;

/// <summary>The pieces in which a parameter's memory is read as a whole, side by side.</summary>
internal static unsafe class ParameterPieces
{
    /// <summary>Bytes of a piece; the last one has fewer.</summary>
    public const int Bytes = 16 << 20;

    /// <summary>How many there are.</summary>
    public static int Count(Parameter parameter) => checked((int)((parameter.ByteCount + Bytes - 1) / Bytes));

    /// <summary>The bytes of a piece.</summary>
    public static ReadOnlySpan<byte> Read(Parameter parameter, int piece) =>
        new(parameter.Data + ((long)piece * Bytes), (int)Length(parameter, piece));

    /// <summary>Brings the pages of a piece in, where it is one of a mapped file.</summary>
    public static void Populate(Parameter parameter, int piece)
    {
        if (parameter.Place is not null)
        {
            PageAdvice.Populate((nint)parameter.Data + ((nint)piece * Bytes), Length(parameter, piece));
        }
    }

    /// <summary>Gives the pages of a piece back, where it is one of a mapped file; nothing may have been written to them.</summary>
    public static void Drop(Parameter parameter, int piece)
    {
        if (parameter.Place is not null)
        {
            PageAdvice.Drop((nint)parameter.Data + ((nint)piece * Bytes), Length(parameter, piece));
        }
    }

    /// <summary>Writes all bytes of a parameter to a stream, and keeps no pages in memory for having done so.</summary>
    public static void CopyTo(Parameter parameter, Stream stream)
    {
        for (int piece = 0; piece < Count(parameter); piece++)
        {
            Populate(parameter, piece);
            stream.Write(Read(parameter, piece));
            if (parameter.IsDroppable)
            {
                Drop(parameter, piece);
            }
        }
    }

    private static long Length(Parameter parameter, int piece) => Math.Min(Bytes, parameter.ByteCount - ((long)piece * Bytes));
}
