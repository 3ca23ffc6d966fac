using IlZo.Machine;

namespace IlZo.Tensors;

/// <summary>The pieces in which a parameter's memory is read as a whole, side by side.</summary>
internal static unsafe class ParameterPieces
{
    /// <summary>Bytes of a piece; the last one has fewer.</summary>
    public const int Bytes = 16 << 20;

    private const int Alignment = 64;

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

    /// <summary>Copies parameters of mapped files to memory, where they are from here on, and gives their pages back.</summary>
    /// <returns>The memory.</returns>
    public static NativeBuffer CopyToMemory(IReadOnlyList<Parameter> parameters)
    {
        long[] places = new long[parameters.Count];
        long end = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = end;
            end = (end + parameters[i].ByteCount + Alignment - 1) / Alignment * Alignment;
        }

        var memory = new NativeBuffer(end);
        Parallel.For(0, places.Length, i =>
        {
            byte* to = (byte*)memory.Data + places[i];
            for (int piece = 0; piece < Count(parameters[i]); piece++)
            {
                Populate(parameters[i], piece);
                var bytes = Read(parameters[i], piece);
                bytes.CopyTo(new Span<byte>(to + ((long)piece * Bytes), bytes.Length));
                Drop(parameters[i], piece);
            }

            parameters[i].Place = null;
            parameters[i].Data = to;
        });
        return memory;
    }

    private static long Length(Parameter parameter, int piece) => Math.Min(Bytes, parameter.ByteCount - ((long)piece * Bytes));
}
