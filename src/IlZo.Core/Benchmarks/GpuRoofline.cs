using IlZo.Models;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>
/// The least time that a two-point step can take on a GPU: that of its arithmetic, of its memory traffic, or of what comes from the host
/// and goes back, whichever is longest.
/// </summary>
/// <param name="Gpu">The GPU.</param>
/// <param name="Fp32Seconds">With products on the fp32 units.</param>
/// <param name="TensorSeconds">With products in bf16x3 on the tensor cores, which takes three of theirs for one.</param>
/// <param name="SingleSeconds">With products in fp16 or bf16 on the tensor cores, which take one.</param>
/// <param name="MemorySeconds">The memory traffic alone.</param>
/// <param name="LinkSeconds">What goes between the host and the GPU alone.</param>
internal sealed record GpuBound(
    string Gpu, double Fp32Seconds, double TensorSeconds, double SingleSeconds, double MemorySeconds, double LinkSeconds);

/// <summary>
/// What a two-point MeZO step needs, computed from a model's sizes, and bounds from published peaks; nothing here is measured.
/// </summary>
/// <param name="Teraflop">Multiplications and additions of both probes.</param>
/// <param name="Gigabytes">
/// Weights, read once for both probes and read and written by the update, and activations, written and read by each operation.
/// </param>
/// <param name="LinkGigabytes">Weights of layers that do not stay on the GPU, read in each step and written back in some.</param>
/// <param name="Bounds">The bounds.</param>
internal sealed record GpuRoofline(double Teraflop, double Gigabytes, double LinkGigabytes, IReadOnlyList<GpuBound> Bounds)
{
    private const int Probes = 2;

    // Products of bfloat16 numbers for one product in bf16x3.
    private const int SplitProducts = 3;

    // fp32 and dense fp16 or bf16 tensor-core (fp32 sums) teraflop/s, gigabytes/s of memory and of PCIe in one direction, by NVIDIA's data
    // sheets: H100 SXM, Ada architecture whitepaper.
    private static readonly (string Name, double Fp32, double Tensor, double Bandwidth, double Link)[] s_gpus =
    [
        ("H100 SXM", 67, 989, 3350, 64),
        ("RTX 4090", 82.6, 165.2, 1008, 32),
    ];

    /// <summary>The needs of a step.</summary>
    /// <param name="model">The model; its weights are not read.</param>
    /// <param name="type">What weights are kept as, or null for what they are stored as.</param>
    /// <param name="batch">Texts, scored at their last positions.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="plan">What of the weights does not stay on the GPU; null for nothing.</param>
    public static GpuRoofline Of(LanguageModel model, DType? type, int batch, int length, StreamPlan? plan)
    {
        double flops = Probes * RandomBatch.NeededFlops(model, batch, length);
        double weights = model.Parameters.All.Sum(p => (double)(type ?? p.Type).Layout().Bytes(p.Count));
        double bytes = (3 * weights) + (Probes * (double)batch * length * model.Shape.Layers * FeaturesMoved(model.Shape) * sizeof(float));
        double link = plan is null ? 0 : plan.Layers.SelectMany(layer => layer).Sum(
            p => p.ByteCount * (1 + (p.IsTrained ? 1.0 / plan.WriteEvery : 0)));
        GpuBound[] bounds =
        [
            .. s_gpus.Select(g =>
            {
                double memory = bytes / (g.Bandwidth * 1e9);
                double host = link / (g.Link * 1e9);
                return new GpuBound(
                    g.Name, Bound(flops, g.Fp32), Bound(SplitProducts * flops, g.Tensor), Bound(flops, g.Tensor), memory, host);

                double Bound(double operations, double teraflops) => Math.Max(operations / (teraflops * 1e12), Math.Max(memory, host));
            }),
        ];
        return new GpuRoofline(flops / 1e12, bytes / 1e9, link / 1e9, bounds);
    }

    // Numbers that the operations of a layer read and write for a token: norms, projections, attention, and the MLP.
    private static double FeaturesMoved(ModelShape s)
    {
        double projected = s.QueryFeatures + (2.0 * s.KeyFeatures);
        double attention = (4.0 * s.Hidden) + (3.0 * s.Hidden) + (2 * projected) + (2.0 * s.QueryFeatures) + (2.0 * s.Hidden);
        double mlp = s.IsGated ? (4.0 * s.Hidden) + (6.0 * s.Intermediate) : (3.0 * s.Hidden) + (2.0 * s.Intermediate);
        return attention + mlp;
    }
}
