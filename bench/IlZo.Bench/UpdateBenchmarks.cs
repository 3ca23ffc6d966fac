using BenchmarkDotNet.Attributes;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Bench;

/// <summary>
/// MeZO's update of a matrix of 64 MB in fp16 on one thread: noise and random bits regenerated, weights rounded stochastically. Times are
/// of one weight.
/// </summary>
public unsafe class UpdateBenchmarks
{
    private const int Rows = 4096;
    private const int Columns = 8192;

    private readonly CpuBackend _backend = new(threads: 1);
    private readonly NativeBuffer _memory = new(2L * Rows * Columns);
    private readonly Sgd _rule = new();
    private readonly GradientEstimate _estimate = new([(0.5, new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0)))]);
    private Parameter[] _parameters = [];

    [Params(DType.F16, DType.BF16)]
    public DType Type { get; set; }

    [GlobalSetup]
    public void Setup() => _parameters = [new Parameter("weight", [Rows, Columns], Type, _memory.Data)];

    [Benchmark(OperationsPerInvoke = Rows * Columns)]
    public void Sgd() => _backend.Update(_parameters, _estimate, _rule, 1e-6, new NoiseKey(1, NoiseStream.StochasticRounding, 1, 0));

    [GlobalCleanup]
    public void Cleanup()
    {
        _backend.Dispose();
        _memory.Dispose();
        _rule.Dispose();
    }
}
