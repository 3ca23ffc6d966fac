using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Noise;

namespace IlZo.Benchmarks;

/// <summary>Generation of noise on one thread, in 10⁹ elements a second.</summary>
/// <param name="Normal">Standard normal deviates.</param>
/// <param name="Signs">Rademacher numbers.</param>
/// <param name="Bits">16 random bits each, as stochastic rounding takes them.</param>
internal sealed record NoiseBenchmark(double Normal, double Signs, double Bits)
{
    private const int Count = 1 << 14;

    public static NoiseBenchmark Run(int repetitions)
    {
        float[] normal = new float[Count];
        ushort[] bits = new ushort[Count];
        var key = new NoiseKey(1, NoiseStream.Direction, 1, 0);
        return new NoiseBenchmark(
            Rate(repetitions, () => NoiseField.FillNormal(key, 0, 0, normal)),
            Rate(repetitions, () => NoiseField.FillSigns(key, 0, 0, normal)),
            Rate(repetitions, () => NoiseField.FillBits(key, 0, 0, bits)));
    }

    private static double Rate(int repetitions, Action fill)
    {
        const int calls = 2000;

        // Long enough for the last tier of the compiler.
        for (var begin = Stopwatch.StartNew(); begin.ElapsedMilliseconds < 400;)
        {
            fill();
        }

        var rates = new List<double>();
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            var start = Environment.CpuUsage.TotalTime;
            for (int call = 0; call < calls; call++)
            {
                fill();
            }

            rates.Add(calls * (double)Count / (Environment.CpuUsage.TotalTime - start).TotalSeconds / 1e9);
        }

        return Statistics.Median(rates);
    }
}
