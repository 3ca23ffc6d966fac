using System.Diagnostics;
using IlZo.Arithmetic;
using IlZo.Benchmarks;
using IlZo.Kernels;
using IlZo.Noise;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Benchmarks;

/// <summary>
/// What a device can do at best, measured in the run that it is compared with: clocks move, and others may use the device. Medians.
/// </summary>
/// <param name="CopyGigabytes">Copying within its memory, in GB/s; each byte counts twice, for it is read and written.</param>
/// <param name="ReadGigabytes">Reading its memory, in GB/s.</param>
/// <param name="FmaGigaflops">Fused multiply-adds in fp32, of two operations each, in GFLOP/s.</param>
/// <param name="TensorGigaflops">
/// Products of bfloat16 numbers by tensor cores with sums in fp32, of two operations each, in GFLOP/s; null where products are not computed
/// there. A product in bf16x3 takes three.
/// </param>
public sealed record DevicePeak(double CopyGigabytes, double ReadGigabytes, double FmaGigaflops, double? TensorGigaflops)
{
    /// <summary>The peak of the units that compute products.</summary>
    public double ProductGigaflops => TensorGigaflops ?? FmaGigaflops;
}

/// <summary>Measures a device's peaks, and with them its rate of noise.</summary>
internal sealed class DevicePeaks : IDisposable
{
    private const string Purpose = "buffers of a benchmark";

    private readonly GpuBackend _backend;
    private readonly DeviceBenchmarkScale _scale;
    private readonly int _threads;
    private readonly long _bytes;
    private readonly MemoryBuffer _from;
    private readonly MemoryBuffer _to;
    private readonly List<DevicePeak> _measured = [];

    /// <exception cref="InvalidInputException">The device has too little memory.</exception>
    public DevicePeaks(GpuBackend backend, DeviceBenchmarkScale scale)
    {
        (_backend, _scale, _threads) = (backend, scale, backend.Launcher.Shape.Threads);
        long atATime = 4L * 4 * sizeof(float) * scale.ReadGroups * _threads;
        _bytes = Math.Max(1, scale.CopyBytes / atATime) * atATime;
        long sums = (long)Math.Max(scale.ReadGroups, scale.ArithmeticGroups) * Math.Max(_threads, Peaks.TensorThreads) * sizeof(float);
        backend.Memory.Require(_bytes + Math.Max(_bytes, sums), Purpose);
        _from = backend.Memory.Take(_bytes, Purpose);
        _to = backend.Memory.Take(Math.Max(_bytes, sums), Purpose);
        backend.Stream.Clear(new ArrayView<byte>(_from, 0, _bytes));
    }

    /// <summary>The peaks of a device that has room for them, to be compared with what follows.</summary>
    public static DevicePeak MeasureAlone(GpuBackend backend, int repetitions, DeviceBenchmarkScale scale)
    {
        using var peaks = new DevicePeaks(backend, scale);
        for (int repetition = 0; repetition <= repetitions; repetition++)
        {
            peaks.Measure(counts: repetition > 0);
        }

        return peaks.Median;
    }

    /// <summary>The medians so far.</summary>
    public DevicePeak Median => new(
        Statistics.Median(_measured.Select(p => p.CopyGigabytes)),
        Statistics.Median(_measured.Select(p => p.ReadGigabytes)),
        Statistics.Median(_measured.Select(p => p.FmaGigaflops)),
        HasTensorCores ? Statistics.Median(_measured.Select(p => p.TensorGigaflops!.Value)) : null);

    private bool HasTensorCores => _backend.Products != ProductPrecision.Fp32;

    /// <summary>Measures once and enters it in the medians, but for a first time that only compiles.</summary>
    public void Measure(bool counts)
    {
        var peak = new DevicePeak(Copy(), Read(), MultiplyAdd(), HasTensorCores ? TensorMultiplyAdd() : null);
        if (counts)
        {
            _measured.Add(peak);
        }
    }

    /// <summary>Noise, in 10⁹ elements a second, that nothing is done with.</summary>
    public double Noise<TDirection>(TDirection direction)
        where TDirection : struct, IDirection
    {
        var arguments = new NoiseArguments<TDirection>
        {
            Direction = direction,
            Term = new Term(new NoiseSource(new NoiseKey(1, NoiseStream.Direction, 1, 0), 0, 1), 1, 0),
            Blocks = (long)_scale.ArithmeticGroups * _threads * _scale.Rounds,
            Sums = Sums(_scale.ArithmeticGroups),
        };
        double seconds = Seconds(_backend, _scale, () => Launch(Peaks.Noise<TDirection>, _scale.ArithmeticGroups, arguments));
        return arguments.Blocks * NoiseWords.Count / seconds / 1e9;
    }

    /// <summary>
    /// Seconds that a piece of the device's work takes; what the host does for it is in them where the device would have to wait.
    /// </summary>
    public static double Seconds(GpuBackend backend, DeviceBenchmarkScale scale, Action work)
    {
        for (int count = 1; ; count *= 2)
        {
            backend.Wait();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                work();
            }

            backend.Wait();
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed >= scale.Least)
            {
                return elapsed.TotalSeconds / count;
            }
        }
    }

    public void Dispose()
    {
        _backend.Wait();
        _backend.Memory.Give(_to, _to.LengthInBytes);
        _backend.Memory.Give(_from, _from.LengthInBytes);
    }

    private double Copy()
    {
        var from = new ArrayView<byte>(_from, 0, _bytes);
        var to = new ArrayView<byte>(_to, 0, _bytes);
        return 2 * _bytes / Seconds(_backend, _scale, () => _backend.Stream.Copy(from, to)) / 1e9;
    }

    private double Read()
    {
        var arguments = new ReadArguments
        {
            Source = new ArrayView<FourFloats>(_from, 0, _bytes / (4 * sizeof(float))),
            Sums = Sums(_scale.ReadGroups),
        };
        return _bytes / Seconds(_backend, _scale, () => Launch(Peaks.Read, _scale.ReadGroups, arguments)) / 1e9;
    }

    private double MultiplyAdd()
    {
        var arguments =
            new MultiplyAddArguments { Rounds = _scale.Rounds, Factor = 0.5f, Addend = 1, Sums = Sums(_scale.ArithmeticGroups) };
        double operations = 2.0 * Peaks.MultiplyAddsOfRound * _scale.Rounds * arguments.Sums.Length;
        return operations / Seconds(_backend, _scale, () => Launch(Peaks.MultiplyAdd, _scale.ArithmeticGroups, arguments)) / 1e9;
    }

    // Half of what is added is taken away again by the other half.
    private double TensorMultiplyAdd()
    {
        int groups = _scale.ArithmeticGroups;
        const uint OneAndMinusOne = 0xBF803F80;
        var arguments = new TensorMultiplyAddArguments
        {
            Rounds = _scale.Rounds,
            Factor = OneAndMinusOne,
            Sums = new(
            _to, 0, (long)groups * Peaks.TensorThreads)
        };
        double operations = 2.0 * Peaks.TensorMultiplyAddsOfRound * _scale.Rounds * arguments.Sums.Length;
        return operations / Seconds(_backend, _scale, () => Launch(Peaks.TensorMultiplyAdd, groups, Peaks.TensorThreads, arguments)) / 1e9;
    }

    private ArrayView<float> Sums(int groups) => new(_to, 0, (long)groups * _threads);

    private void Launch<T>(Action<T> kernel, int groups, T arguments)
        where T : struct => Launch(kernel, groups, _threads, arguments);

    private void Launch<T>(Action<T> kernel, int groups, int threads, T arguments)
        where T : struct => _backend.Launcher.Launch(kernel, new Index3D(groups, 1, 1), threads, 0, arguments);
}
