namespace IlZo.Gpu.Benchmarks;

/// <summary>
/// How much work is measured: enough to keep a GPU busy, or little enough for a simulation of one, whose times mean nothing.
/// </summary>
/// <param name="CopyBytes">Memory that is copied and read, as much as no cache holds. Less is taken where it is no multiple of what the
/// threads read at a time.</param>
/// <param name="ReadGroups">Thread groups that read it.</param>
/// <param name="ArithmeticGroups">Thread groups that multiply, add and make noise.</param>
/// <param name="Rounds">Rounds of multiply-adds of a thread, and noise blocks of it.</param>
/// <param name="Least">What a measurement takes at least: it is repeated until then, and the host waits once.</param>
/// <param name="Layers">Outputs and inputs of products.</param>
/// <param name="Tokens">Tokens of one probe of products.</param>
public sealed record DeviceBenchmarkScale(
    long CopyBytes,
    int ReadGroups,
    int ArithmeticGroups,
    int Rounds,
    TimeSpan Least,
    IReadOnlyList<(int Outputs, int Inputs)> Layers,
    IReadOnlyList<int> Tokens)
{
    /// <summary>For GPUs: layers of OPT-1.3B and Llama-7B, and OPT-1.3B's output head.</summary>
    public static DeviceBenchmarkScale Gpu { get; } = new(
        1L << 30,
        2048,
        32768,
        128,
        TimeSpan.FromMilliseconds(20),
        [(2048, 2048), (8192, 2048), (2048, 8192), (4096, 4096), (11008, 4096), (4096, 11008), (50272, 2048)],
        [1, 128, 512, 2048]);

    /// <summary>For simulations.</summary>
    public static DeviceBenchmarkScale Simulation { get; } = new(
        4096, 2, 2, 3, TimeSpan.FromMicroseconds(10), [(20, 70), (9, 130)], [1, 3]);
}
