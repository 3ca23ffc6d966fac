using BenchmarkDotNet.Attributes;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Perturbations;

namespace IlZo.Bench;

/// <summary>
/// Causal attention of one layer of OPT-125M (12 heads of 64 features) over one text, on one thread, by each precision of the CPU.
/// </summary>
public class AttentionBenchmarks
{
    private const int Heads = 12;
    private const int HeadSize = 64;

    private CpuBackend? _backend;
    private TokenBatch _batch = new TokenBatchBuilder().Build();

    [Params(128, 512, 2048)]
    public int Tokens { get; set; }

    /// <summary>Where a processor lacks the instructions, fp32 is what runs.</summary>
    [Params(PrecisionName.Fp32, PrecisionName.BFloat16)]
    public string Precision { get; set; } = PrecisionName.Fp32;

    [GlobalSetup]
    public void Setup()
    {
        _backend = new CpuBackend(threads: 1, EngineChoice.Of(new EngineRequest(EngineRequest.Auto, Precision)));
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[Tokens]);
        _batch = builder.Build();
    }

    [Benchmark]
    public void Causal()
    {
        const int features = Heads * HeadSize;
        var pass = _backend!.Begin(_batch, [Probe.Unperturbed]);
        var shape = new AttentionShape(Heads, Heads, HeadSize, 1 / MathF.Sqrt(HeadSize));
        pass.Attention(pass.Rent(features), pass.Rent(features), pass.Rent(features), pass.Rent(features), shape, layer: 0);
    }

    [GlobalCleanup]
    public void Cleanup() => _backend?.Dispose();
}
