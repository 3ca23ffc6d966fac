namespace IlZo.Kernels.TensorCores;

/// <summary>Two numbers, each as the sum of two in bfloat16: 16 bits of its fraction.</summary>
/// <param name="high">The numbers rounded to bfloat16, the first one in the lower half.</param>
/// <param name="low">What is missing, rounded too.</param>
internal readonly struct BFloat16Pair(uint high, uint low)
{
    public readonly uint High = high;
    public readonly uint Low = low;

    public static BFloat16Pair Of(float first, float second)
    {
        uint high = Instructions.PackBFloat16(second, first);
        float restOfFirst = first - BitConverter.Int32BitsToSingle((int)(high << 16));
        float restOfSecond = second - BitConverter.Int32BitsToSingle((int)(high & 0xFFFF0000));
        return new BFloat16Pair(high, Instructions.PackBFloat16(restOfSecond, restOfFirst));
    }
}
