using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Machine;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>
/// Widening fp16 weights on one thread, by C# and by emitted VCVTPH2PS in turn, slice by slice as packing does it. Medians.
/// </summary>
/// <param name="Managed">C#, in 10⁹ elements a second.</param>
/// <param name="Emitted">VCVTPH2PS, likewise.</param>
/// <param name="Ratio">The speed of VCVTPH2PS over that of C#, from neighbouring measurements.</param>
internal sealed record WideningBenchmark(double Managed, double Emitted, double Ratio)
{
    private const int Slices = 384;
    private const int Calls = 400;

    /// <summary>Measures; null where this machine does not run the emitted code.</summary>
    /// <param name="repetitions">Pairs of measurements.</param>
    public static unsafe WideningBenchmark? Run(int repetitions)
    {
        using var code = CpuFeatures.HasHalfConversion ? CodeMemory.Create(HalfWideningKernel.Emit()) : null;
        if (code is null)
        {
            return null;
        }

        using var memory = new NativeBuffer(Slices * Panel.Depth * sizeof(ushort));
        using var result = new NativeBuffer(Panel.Depth * sizeof(float));
        ushort* source = (ushort*)memory.Data;
        float* destination = (float*)result.Data;
        var entry = (delegate* unmanaged[SuppressGCTransition]<HalfWideningKernel.Arguments*, void>)code.Entry;
        var managed = new List<double>();
        var emitted = new List<double>();
        WarmUp(ByCSharp);
        WarmUp(ByInstruction);
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            managed.Add(Rate(ByCSharp));
            emitted.Add(Rate(ByInstruction));
        }

        return new WideningBenchmark(
            Statistics.Median(managed), Statistics.Median(emitted), Statistics.Median(managed.Zip(emitted, (m, e) => e / m)));

        void ByCSharp()
        {
            for (int slice = 0; slice < Slices; slice++)
            {
                Widening.Read(DType.F16, (byte*)(source + (slice * Panel.Depth)), destination, Panel.Depth);
            }
        }

        void ByInstruction()
        {
            for (int slice = 0; slice < Slices; slice++)
            {
                var arguments = new HalfWideningKernel.Arguments
                {
                    Source = source
                    + (slice * Panel.Depth),
                    Destination = destination,
                    Count = Panel.Depth
                };
                entry(&arguments);
            }
        }
    }

    // Long enough for the last tier of the compiler.
    private static void WarmUp(Action widenAll)
    {
        for (var begin = Stopwatch.StartNew(); begin.ElapsedMilliseconds < 400;)
        {
            widenAll();
        }
    }

    private static double Rate(Action widenAll)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (int call = 0; call < Calls; call++)
        {
            widenAll();
        }

        return (double)Calls * Slices * Panel.Depth / (Environment.CpuUsage.TotalTime - start).TotalSeconds / 1e9;
    }
}
