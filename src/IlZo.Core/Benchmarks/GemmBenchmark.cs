using IlZo.Arithmetic;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>One linear layer on one thread, as shares of the FMA peak measured between its repetitions.</summary>
/// <param name="Outputs">Rows of the weight matrix.</param>
/// <param name="Inputs">Its columns.</param>
/// <param name="Tokens">Tokens of one probe.</param>
/// <param name="Plain">Share of the peak that a plain product reaches.</param>
/// <param name="Dual">Seconds of the product at both probes over seconds of two plain ones.</param>
/// <param name="Gigaflops">What the plain product reaches.</param>
/// <param name="Peak">The median of the peak.</param>
/// <param name="PlainOverManaged">Speed of the plain product over that of the C# kernels, measured in turn; null for these
/// themselves.</param>
/// <param name="DualOverManaged">The same for the product at both probes.</param>
internal sealed record GemmBenchmark(
    int Outputs,
    int Inputs,
    int Tokens,
    double Plain,
    double Dual,
    double Gigaflops,
    double Peak,
    double? PlainOverManaged,
    double? DualOverManaged)
{
    /// <summary>Layers of OPT-125M, its output head, and layers of OPT-1.3B and TinyLlama.</summary>
    public static IReadOnlyList<(int Outputs, int Inputs)> Layers { get; } =
        [(768, 768), (3072, 768), (768, 3072), (2048, 2048), (5632, 2048), (50272, 768)];

    /// <summary>The micro-kernel alone, on operands that the first-level cache holds, in GFLOP/s, and the FMA loop.</summary>
    public static unsafe (double Kernel, double Peak) MicroKernel(int repetitions)
    {
        const int rows = 12;
        const int calls = 20_000;
        using var memory = new NativeBuffer(((Panel.Stride * rows) + (Panel.Lanes * (Panel.Depth + rows))) * sizeof(float));
        float* w = (float*)memory.Data;
        float* x = w + (Panel.Stride * rows);
        float* y = x + (Panel.Lanes * Panel.Depth);
        var kernel = new List<double>();
        var peak = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            peak.Add(MachinePeak.FmaGigaflops());
            var start = Environment.CpuUsage.TotalTime;
            for (int call = 0; call < calls; call++)
            {
                Panel.Multiply(w, rows, x, Panel.Lanes, y, Panel.Depth);
            }

            double seconds = (Environment.CpuUsage.TotalTime - start).TotalSeconds;
            kernel.Add(2.0 * rows * Panel.Depth * Panel.Lanes * calls / seconds / 1e9);
        }

        return (Statistics.Median(kernel.Skip(1)), Statistics.Median(peak.Skip(1)));
    }

    /// <summary>
    /// One token, as when text is generated: the rate at which one thread reads weights, in GB/s, and that at which it reads memory
    /// and does nothing else. The matrix is OPT-1.3B's output head, which no cache holds.
    /// </summary>
    public static unsafe (double Weights, double Memory) OneToken(DType type, int repetitions)
    {
        const int outputs = 50272;
        const int inputs = 2048;
        using var backend = new CpuBackend(threads: 1);
        using var memory = new NativeBuffer((long)outputs * inputs * type.Size());
        using var cache = backend.CreateCache(1, 1, 1);
        new Span<byte>(memory.Data, (int)memory.ByteCount).Fill(0x11);
        var weight = new Parameter("weight", [outputs, inputs], type, memory.Data);
        var builder = new TokenBatchBuilder();
        builder.AddText([0]);
        var batch = builder.Build();
        var rates = new List<double>();
        var bandwidth = new List<double>();
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            bandwidth.Add(MachinePeak.ReadGigabytes());
            rates.Add(memory.ByteCount / Time(backend, batch, [Probe.Unperturbed], weight, TimeSpan.FromMilliseconds(200), cache) / 1e9);
        }

        return (Statistics.Median(rates.Skip(1)), Statistics.Median(bandwidth.Skip(1)));
    }

    /// <summary>Measures one shape by the time of the processors.</summary>
    /// <param name="engine">What computes the products.</param>
    /// <param name="outputs">Rows of the weight matrix.</param>
    /// <param name="inputs">Its columns.</param>
    /// <param name="tokens">Tokens of one probe.</param>
    /// <param name="type">What weights are kept as.</param>
    /// <param name="repetitions">Measurements, of which the median counts.</param>
    public static unsafe GemmBenchmark Run(EngineChoice engine, int outputs, int inputs, int tokens, DType type, int repetitions)
    {
        using var backend = new CpuBackend(threads: 1, engine);
        using var managed = engine.IsReference ? null : new CpuBackend(threads: 1);
        using var memory = new NativeBuffer((long)outputs * inputs * type.Size());
        var weight = new Parameter("weight", [outputs, inputs], type, memory.Data);
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[tokens]);
        var batch = builder.Build();
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Probe[] both = [Probe.Pair(z, 1e-3)];
        double flops = 2.0 * outputs * inputs * tokens;
        var plain = new List<double>();
        var dual = new List<double>();
        var peak = new List<double>();
        var plainRatio = new List<double>();
        var dualRatio = new List<double>();

        // Long enough for the last tier of the compiler to have replaced the code around the kernels.
        Time(backend, batch, both, weight, TimeSpan.FromMilliseconds(300));
        if (managed is not null)
        {
            Time(managed, batch, both, weight, TimeSpan.FromMilliseconds(300));
        }

        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            double gigaflops = MachinePeak.FmaGigaflops();
            double single = Time(backend, batch, [Probe.Unperturbed], weight, TimeSpan.FromMilliseconds(50));
            double pair = Time(backend, batch, both, weight, TimeSpan.FromMilliseconds(50));
            peak.Add(gigaflops);
            plain.Add(single);
            dual.Add(pair / (2 * single));
            if (managed is not null)
            {
                plainRatio.Add(Time(managed, batch, [Probe.Unperturbed], weight, TimeSpan.FromMilliseconds(50)) / single);
                dualRatio.Add(Time(managed, batch, both, weight, TimeSpan.FromMilliseconds(50)) / pair);
            }
        }

        double rate = flops / Statistics.Median(plain) / 1e9;
        return new GemmBenchmark(
            outputs,
            inputs,
            tokens,
            rate / Statistics.Median(peak),
            Statistics.Median(dual),
            rate,
            Statistics.Median(peak),
            managed is null ? null : Statistics.Median(plainRatio),
            managed is null ? null : Statistics.Median(dualRatio));
    }

    // Repeated until it takes long enough to be timed.
    private static double Time(
        CpuBackend backend, TokenBatch batch, IReadOnlyList<Probe> probes, Parameter weight, TimeSpan least, KeyValueCache? cache = null)
    {
        int count = 0;
        var start = Environment.CpuUsage.TotalTime;
        TimeSpan elapsed;
        do
        {
            // A pass of its own, which packs x again.
            var pass = backend.Begin(batch, probes, cache);
            pass.Linear(pass.Rent(weight.Columns), weight, null, pass.Rent(weight.Rows));
            count++;
            elapsed = Environment.CpuUsage.TotalTime - start;
        }
        while (elapsed < least);

        return elapsed.TotalSeconds / count;
    }
}
