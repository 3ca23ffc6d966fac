using IlZo.Machine;

namespace IlZo.Tensors;

/// <summary>The pieces in which a parameter's memory is read as a whole, side by side.</summary>
internal static unsafe class ParameterPieces
{
    /// <summary>Bytes of a piece; the last one has fewer.</summary>
    public const int Bytes = 16 << 20;

    /// <summary>Bytes of a cache line.</summary>
    public const int Alignment = 64;

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

    /// <summary>Takes a piece.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="offset">The first of them in the parameter.</param>
    public delegate void PieceReader(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Reads all of a parameter, piece after piece.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="drops">Whether to give the pages of each back, to which nothing may have been written.</param>
    /// <param name="read">Takes each.</param>
    public static void ReadAll(Parameter parameter, bool drops, PieceReader read)
    {
        for (int piece = 0; piece < Count(parameter); piece++)
        {
            Populate(parameter, piece);
            read(Read(parameter, piece), (long)piece * Bytes);
            if (drops)
            {
                Drop(parameter, piece);
            }
        }
    }

    /// <summary>Where parameters lie one after the other, each of them from a cache line on, and where the last one ends.</summary>
    public static (long[] Places, long End) Arrange(IReadOnlyList<Parameter> parameters)
    {
        long[] places = new long[parameters.Count];
        long end = 0;
        for (int i = 0; i < places.Length; i++)
        {
            places[i] = Aligned(end);
            end = places[i] + parameters[i].ByteCount;
        }

        return (places, end);
    }

    /// <summary>The first place from another on where a cache line begins.</summary>
    public static long Aligned(long place, int alignment = Alignment) => (place + alignment - 1) / alignment * alignment;

    /// <summary>Copies parameters of mapped files to memory, where they are from here on, and gives their pages back.</summary>
    /// <returns>The memory.</returns>
    public static NativeBuffer CopyToMemory(IReadOnlyList<Parameter> parameters)
    {
        var (places, end) = Arrange(parameters);
        var memory = new NativeBuffer(end);
        Parallel.For(0, places.Length, i =>
        {
            byte* to = (byte*)memory.Data + places[i];
            ReadAll(parameters[i], drops: true, (bytes, offset) => bytes.CopyTo(new Span<byte>(to + offset, bytes.Length)));
            parameters[i].Place = null;
            parameters[i].Data = to;
        });
        return memory;
    }

    private static long Length(Parameter parameter, int piece) => Math.Min(Bytes, parameter.ByteCount - ((long)piece * Bytes));
}
