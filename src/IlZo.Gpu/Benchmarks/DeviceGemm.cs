using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Benchmarks;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.Benchmarks;

/// <summary>One linear layer, beside the device's peaks measured between its repetitions. Medians.</summary>
/// <param name="Outputs">Rows of the weight matrix.</param>
/// <param name="Inputs">Its columns.</param>
/// <param name="Tokens">Tokens of one probe.</param>
/// <param name="WeightBytes">Bytes of the matrix.</param>
/// <param name="PlainSeconds">The product with the weights as they are.</param>
/// <param name="DualSeconds">The products at both probes of a normal direction, which share the reading and the noise.</param>
/// <param name="Peak">The device's peaks.</param>
internal sealed record DeviceGemm(
    int Outputs, int Inputs, int Tokens, long WeightBytes, double PlainSeconds, double DualSeconds, DevicePeak Peak)
{
    private const float Deviation = 0.02f;

    /// <summary>What the plain product reaches, in GFLOP/s.</summary>
    public double PlainGigaflops => 2.0 * Outputs * Inputs * Tokens / PlainSeconds / 1e9;

    /// <summary>What the products at both probes reach together, in GFLOP/s.</summary>
    public double DualGigaflops => 4.0 * Outputs * Inputs * Tokens / DualSeconds / 1e9;

    /// <summary>The rate at which the plain product reads weights, in GB/s.</summary>
    public double WeightGigabytes => WeightBytes / PlainSeconds / 1e9;

    /// <summary>Measures a device.</summary>
    /// <param name="backend">The device; what is loaded there is replaced.</param>
    /// <param name="type">What weights are kept as.</param>
    /// <param name="tokens">Tokens of one probe; null for those of the scale.</param>
    /// <param name="repetitions">Repetitions, after one that is not counted.</param>
    /// <param name="scale">How much work is measured.</param>
    /// <exception cref="InvalidInputException">The device has too little memory.</exception>
    public static IEnumerable<DeviceGemm> Run(GpuBackend backend, DType type, int? tokens, int repetitions, DeviceBenchmarkScale scale)
    {
        using var peaks = new DevicePeaks(backend, scale);
        foreach (var (outputs, inputs) in scale.Layers)
        {
            using var weights = Load(backend, type, outputs, inputs);
            foreach (int count in tokens is { } given ? [given] : scale.Tokens)
            {
                yield return Measure(backend, weights.All[0], count, repetitions, scale, peaks);
            }
        }
    }

    private static unsafe ParameterSet Load(GpuBackend backend, DType type, int outputs, int inputs)
    {
        var memory = new NativeBuffer((long)outputs * inputs * type.Size());
        var weights = new ParameterSet([new Parameter("weight", [outputs, inputs], type, memory.Data)], [memory]);
        backend.Load(weights);
        DeviceFill.Randomize(backend, weights, Deviation);
        return weights;
    }

    private static DeviceGemm Measure(
        GpuBackend backend, Parameter weight, int tokens, int repetitions, DeviceBenchmarkScale scale, DevicePeaks peaks)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        var batch = builder.Build();
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Probe[] both = [Probe.Pair(z, 1e-3)];
        var plain = new List<double>();
        var dual = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            peaks.Measure(counts: repetition > 0);
            plain.Add(Time(backend, batch, [Probe.Unperturbed], weight, scale));
            dual.Add(Time(backend, batch, both, weight, scale));
        }

        return new DeviceGemm(
            weight.Rows,
            weight.Columns,
            tokens,
            weight.ByteCount,
            Statistics.Median(plain.Skip(1)),
            Statistics.Median(dual.Skip(1)),
            peaks.Median);
    }

    // Inputs are rows of the matrix: any numbers of the usual size will do.
    private static double Time(
        GpuBackend backend, TokenBatch batch, IReadOnlyList<Probe> probes, Parameter weight, DeviceBenchmarkScale scale)
    {
        var pass = backend.Begin(batch, probes);
        var x = pass.Rent(weight.Columns);
        var y = pass.Rent(weight.Rows);
        pass.Embed(weight, [.. Enumerable.Range(0, batch.Count).Select(t => t % weight.Rows)], x);
        return DevicePeaks.Seconds(backend, scale, () => pass.Linear(x, weight, null, y));
    }
}
