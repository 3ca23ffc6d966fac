using IlZo.Backends;
using IlZo.Models;

namespace IlZo.Benchmarks;

/// <summary>
/// What a two-point MeZO step takes on an H100 SXM as it is programmed, by counts of its kernels: instructions, cycles of shared memory's
/// banks and of tensor cores, whichever is most; nothing here is measured, and nothing waits for memory.
/// </summary>
/// <param name="SingleSeconds">Products in fp16 or bf16.</param>
/// <param name="SplitSeconds">Products in bf16x3.</param>
/// <param name="AttentionSeconds">Attention.</param>
/// <param name="UpdateSeconds">The update.</param>
internal sealed record GpuStepCount(double SingleSeconds, double SplitSeconds, double AttentionSeconds, double UpdateSeconds)
{
    /// <summary>Instructions of a scheduler for 512 rows, 64 outputs and 16 inputs where weights are perturbed in each tile.</summary>
    public static readonly Counts PerturbedInstructions = new(940, 1940);

    /// <summary>The same where weights are prepared for all tiles.</summary>
    public static readonly Counts PreparedInstructions = new(150, 360);

    /// <summary>Instructions of a thread for a weight that is prepared at two probes.</summary>
    public static readonly Counts PreparationInstructions = new(52, 61);

    /// <summary>Instructions of a thread for a weight in fp16 that is updated.</summary>
    public const double UpdateInstructions = 54;

    /// <summary>
    /// Cycles of shared memory, of 128 bytes each, for 512 rows, 64 outputs and 16 inputs of prepared weights: of a tile of 128 by 128, 64
    /// bytes of each row are written once and read by two warps.
    /// </summary>
    public static readonly Counts BankCycles = new(384, 768);

    // Cycles of tensor cores at their peak for 512 rows, 64 outputs and 16 inputs, 2048 multiply-adds in each; bf16x3 has three products.
    private static readonly Counts s_tensorCycles = new(256, 768);

    private const double Multiprocessors = 132;
    private const double Schedulers = 4;
    private const double Lanes = 32;

    // The clock at which 989 TFLOP/s are the tensor cores' peak.
    private const double Clock = 1.83e9;

    private const int Probes = 2;
    private const double UnitTokens = 256;
    private const double UnitWeights = 64 * 16;

    // Tokens of a tile of prepared products, and queries or keys of one of attention.
    private const int PreparedTokens = 128;
    private const int AttentionTokens = 32;

    /// <summary>Counts a step.</summary>
    /// <param name="model">The model; its weights are not read.</param>
    /// <param name="batch">Texts, scored at their last positions.</param>
    /// <param name="length">Tokens of each.</param>
    public static GpuStepCount Of(LanguageModel model, int batch, int length)
    {
        long tokens = (long)batch * length;
        double weights = model.Parameters.All.Where(p => p.Layer is not null && p.Shape.Count == 2).Sum(p => (double)p.Count);
        var shape = model.Shape;
        double visited = length * (length + (model.IsBidirectional ? length : AttentionTokens)) / 2.0;
        double attention = 2.0 * Probes * batch * shape.Layers * shape.QueryFeatures * visited / Lanes;
        return new GpuStepCount(
            Products(PrecisionName.Float16, c => c.Single), Products(PrecisionName.SplitBFloat16, c => c.Split),
            Seconds(attention * InstructionsOfAttention(shape.KeyFeatures / shape.KeyValueHeads) / Schedulers),
            Seconds(model.Parameters.TrainedCount * UpdateInstructions / Lanes / Schedulers));

        double Products(string precision, Func<Counts, double> of)
        {
            bool isPrepared = GpuMemory.IsPrepared(precision, tokens);
            int tile = isPrepared || precision == PrecisionName.SplitBFloat16 ? PreparedTokens : (int)UnitTokens;
            double units = Math.Ceiling((double)tokens / tile) * tile / UnitTokens * weights / UnitWeights;
            double cycles = isPrepared
                ? Math.Max(of(PreparedInstructions), Math.Max(of(s_tensorCycles), of(BankCycles)))
                : Math.Max(of(PerturbedInstructions), of(s_tensorCycles));
            return Seconds((units * cycles) + (isPrepared ? weights * of(PreparationInstructions) / Lanes / Schedulers : 0));
        }
    }

    /// <summary>Instructions of a warp for a multiply-add of attention, by the size of heads.</summary>
    public static double InstructionsOfAttention(int headSize) => headSize switch
    {
        < 80 => 3.9,
        < 96 => 3.8,
        < 128 => 3.5,
        _ => 3.3,
    };

    private static double Seconds(double cycles) => cycles / Multiprocessors / Clock;

    /// <summary>Counts for products in 16 bits and in bf16x3.</summary>
    internal readonly record struct Counts(double Single, double Split);
}
