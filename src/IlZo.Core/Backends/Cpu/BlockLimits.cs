namespace IlZo.Backends.Cpu;

/// <summary>How many outputs a block of weights may have.</summary>
/// <param name="Unit">What the number is a multiple of.</param>
/// <param name="Smallest">Fewer are not worth reading all activations for.</param>
/// <param name="Largest">More would not stay in a cache.</param>
internal readonly record struct BlockLimits(int Unit, int Smallest, int Largest)
{
    /// <summary>
    /// Outputs of each block of a layer, the last one's excepted: blocks are as large as they may be, but every thread has as many as any
    /// other, and two at least, so that one that is held up leaves work to the rest.
    /// </summary>
    public int Share(int outputs, int threads)
    {
        int blocks = Math.Max(2 * threads, DivideUp(outputs, Largest));
        int even = DivideUp(outputs, DivideUp(blocks, threads) * threads);
        return Math.Clamp(DivideUp(even, Unit) * Unit, Smallest, Largest);
    }

    private static int DivideUp(int a, int b) => (a + b - 1) / b;
}
