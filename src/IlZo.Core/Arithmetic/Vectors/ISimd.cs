namespace IlZo.Arithmetic.Vectors;

/// <summary>What a product does with the vectors it sums in.</summary>
internal unsafe interface IAccumulator<TVector> : IMultiplyAdd<TVector>
    where TVector : struct
{
    static abstract TVector Load(float* source);

    static abstract void Store(TVector value, float* destination);
}

/// <summary>The few vector operations the kernels are written in, so that one source serves every vector width.</summary>
internal unsafe interface ISimd<TVector> : IAccumulator<TVector>, IArithmetic<TVector>
    where TVector : struct
{
    /// <summary>Lanes of a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Vectors that the processor has registers for.</summary>
    static abstract int Registers { get; }

    /// <summary>The number whose exponent and sign are the low nine bits.</summary>
    static abstract TVector ShiftToExponent(TVector value);

    /// <summary>The sum of all lanes: the upper half is added to the lower one until a lane is left, the same for every width.</summary>
    static abstract float Sum(TVector value);

    /// <summary>Widens bfloat16: the upper half of a binary32.</summary>
    static abstract TVector WidenBFloat16(ushort* source);

    /// <summary>As many signed bytes as there are lanes.</summary>
    static abstract TVector WidenBytes(sbyte* source);

    /// <summary>
    /// Widens finite binary16: sign-extended and shifted, sign, exponent and fraction lie where binary32 has them, and one multiplication
    /// by 2¹¹² corrects the exponent's bias, subnormal numbers included.
    /// </summary>
    static abstract TVector WidenHalf(ushort* source);
}
