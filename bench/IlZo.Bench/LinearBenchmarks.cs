using BenchmarkDotNet.Attributes;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Bench;

/// <summary>
/// One linear layer of OPT-125M (768 to 3072 features) from fp16 weights on one thread, plain and at both probes of a step.
/// </summary>
public unsafe class LinearBenchmarks
{
    private const int Inputs = 768;
    private const int Outputs = 3072;

    private readonly CpuBackend _backend = new(threads: 1);
    private readonly NativeBuffer _memory = new(2L * Inputs * Outputs);
    private TokenBatch _batch = new TokenBatchBuilder().Build();
    private Parameter? _weight;

    [Params(32, 128, 512)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _weight = new Parameter("weight", [Outputs, Inputs], DType.F16, _memory.Data);
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[Tokens]);
        _batch = builder.Build();
    }

    [Benchmark(Baseline = true)]
    public void Plain() => Run([Probe.Unperturbed]);

    [Benchmark]
    public void BothProbes()
    {
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Run([Probe.Pair(z, 1e-3)]);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _backend.Dispose();
        _memory.Dispose();
    }

    private void Run(IReadOnlyList<Probe> probes)
    {
        var pass = _backend.Begin(_batch, probes);
        pass.Linear(pass.Rent(Inputs), _weight!, null, pass.Rent(Outputs));
    }
}
