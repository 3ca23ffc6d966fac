using BenchmarkDotNet.Attributes;
using IlZo.Noise;

namespace IlZo.Bench;

/// <summary>Generation of noise on one thread, a megabyte of results at a time.</summary>
public class NoiseBenchmarks
{
    private const int Count = 1 << 18;

    private readonly float[] _normal = new float[Count];
    private readonly ushort[] _bits = new ushort[Count];
    private readonly NoiseKey _key = new(1, NoiseStream.Direction, 1, 0);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Normal() => NoiseField.FillNormal(_key, 0, 0, _normal);

    [Benchmark(OperationsPerInvoke = Count)]
    public void Bits() => NoiseField.FillBits(_key, 0, 0, _bits);
}
