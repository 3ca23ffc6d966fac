namespace IlZo.Backends.Cpu;

/// <summary>How packed weights lie under a <see cref="MicroKernel{TVector, TSimd, TSecond, TOrder}"/>.</summary>
internal interface IWeightOrder
{
    /// <summary>Floats from one row to the next.</summary>
    static abstract int Row { get; }

    /// <summary>Floats from one depth to the next.</summary>
    /// <param name="stride">What the caller says of it, where the order leaves it open.</param>
    static abstract int Step(int stride);
}

/// <summary>[rows][depth], <see cref="Panel.Stride"/> floats a row.</summary>
internal readonly struct RowsOfDepth : IWeightOrder
{
    public static int Row => Panel.Stride;

    public static int Step(int stride) => 1;
}

/// <summary>
/// [depth][rows]: the way keys lie, features first, so that scores need no packing, and weights that are stored as [in, out].
/// </summary>
internal readonly struct DepthOfRows : IWeightOrder
{
    public static int Row => 1;

    public static int Step(int stride) => stride;
}
