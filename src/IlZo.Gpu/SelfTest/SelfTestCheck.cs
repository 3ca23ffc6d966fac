using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu.SelfTest;

/// <summary>A comparison of a device with the CPU engine.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="Rehearse">Launches on a device what the comparison does, and compares nothing.</param>
/// <param name="Compute">Compares; the second argument says whether the device computes everything twice.</param>
public sealed record SelfTestCheck(string Name, Action<IBackend> Rehearse, Func<IBackend, bool, SelfTestResult> Compute)
{
    // Rounding units of fp32, bfloat16 and fp16.
    private const double UnitOfFp32 = 1.0 / (1 << 24);
    private const double UnitOfBFloat16 = 1.0 / (1 << 8);
    private const double UnitOfHalf = 1.0 / (1 << 11);

    // Products that the sums of the checks have, about.
    private const int Summands = 70;

    private static readonly NoiseKey s_key = new(11, NoiseStream.Direction, 3, 1);

    /// <summary>Compares.</summary>
    /// <param name="device">The device; what is loaded there is replaced.</param>
    /// <param name="twice">Whether it computes everything twice, which must give the same bits: threads that do not wait for each other
    /// where they should seldom do so.</param>
    public SelfTestResult Run(IBackend device, bool twice = false) => Compute(device, twice);

    /// <summary>
    /// What a check allows on a device. In fp32 a sum of K numbers is rounded K times, each time by a unit of it at most. Elsewhere the
    /// factors of each product are rounded before: two units of the product at most; in bf16x3 two squares of units, and another one for
    /// the product of the low parts, which is left out.
    /// </summary>
    /// <param name="device">The device.</param>
    /// <param name="difference">What is allowed where products are computed in fp32.</param>
    internal static double Allowed(IBackend device, double difference) => difference * ((device as GpuBackend)?.Products switch
    {
        ProductPrecision.SplitBFloat16 => 3 * UnitOfBFloat16 * UnitOfBFloat16 / (Summands * UnitOfFp32),
        ProductPrecision.Half => 2 * UnitOfHalf / (Summands * UnitOfFp32),
        ProductPrecision.BFloat16 => 2 * UnitOfBFloat16 / (Summands * UnitOfFp32),
        _ => 1,
    });

    /// <summary>The same check with products in another precision of the device.</summary>
    internal SelfTestCheck In(ProductPrecision precision) => On($"{Name}, in {precision.Name()}", device => device.With(precision));

    /// <summary>The same check with products by warpgroups in a precision of the device.</summary>
    internal SelfTestCheck ByWarpgroups(ProductPrecision precision) =>
        On($"{Name}, in {precision.Name()} by warpgroups", device => device.WithWarpgroups(precision));

    private SelfTestCheck On(string name, Func<GpuBackend, GpuBackend> change) => new(
        name,
        device =>
        {
            using var other = change((GpuBackend)device);
            Rehearse(other);
        },
        (device, twice) =>
        {
            using var other = change((GpuBackend)device);
            return Run(other, twice) with { Name = name };
        });

    /// <summary>Compares lists of numbers with those that the CPU engine computes, which it does once for all precisions.</summary>
    internal static SelfTestCheck Compare(string name, double allowed, Func<IBackend, IReadOnlyList<double[]>> compute)
    {
        var expected = new Lazy<IReadOnlyList<double[]>>(() =>
        {
            using var processor = new CpuBackend();
            return compute(processor);
        });
        return new SelfTestCheck(name, device => compute(device), (device, twice) =>
        {
            var actual = compute(device);
            double difference = 0;
            foreach (var (e, a) in expected.Value.Zip(actual))
            {
                difference = Larger(difference, Difference(e, a));
            }

            // Two numbers that are none are the same here: what they are is told by the difference.
            bool repeats = !twice || actual.Zip(compute(device)).All(p => p.First.AsSpan().SequenceEqual(p.Second));
            return new SelfTestResult(name, difference, Allowed(device, allowed), repeats);
        });
    }

    /// <summary>Compares two lists of numbers that a device computes from random weights in fp16: their bits must be equal.</summary>
    internal static SelfTestCheck Same(
        string name, Func<IBackend, ParameterSet, (double[] Expected, double[] Actual)> compute,
        params (string Name, long[] Shape)[] tensors)
    {
        return new SelfTestCheck(name, device => Compute(device), (device, twice) =>
        {
            var (expected, actual) = Compute(device);
            bool repeats = !twice || Compute(device).Actual.AsSpan().SequenceEqual(actual);
            return new SelfTestResult(name, Difference(expected, actual), 0, repeats);
        });

        (double[] Expected, double[] Actual) Compute(IBackend device)
        {
            using var set = RandomWeights.Create(DType.F16, tensors);
            return compute(device, set);
        }
    }

    /// <summary>A ragged batch of three texts, two of which share their beginning.</summary>
    internal static TokenBatch Batch()
    {
        var builder = new TokenBatchBuilder();
        int root = builder.AddText([4, 8, 0, 4, 1]);
        int first = builder.AddContinuation(root, [2, 3]);
        int second = builder.AddContinuation(root, [5, 6, 7, 8]);
        int other = builder.AddText([7, 2]);
        builder.Read(root, 3);
        builder.Read(first, 1);
        builder.Read(second, 0);
        builder.Read(second, 3);
        builder.Read(other, 1);
        return builder.Build();
    }

    /// <summary>One probe, pairs, and mixtures, along each kind of direction.</summary>
    internal static IReadOnlyList<Probe[]> Probes(ParameterSet set)
    {
        var normal = new GaussianDirection(s_key);
        var sign = new RademacherDirection(s_key);
        var sphere = new SphereDirection(s_key, set);
        var scaled = new ScaledDirection(sign, [.. set.All.Select(p => p.Id == 0 ? 1.5f : 0)]);
        return
        [
            [Probe.Unperturbed],
            [Probe.Pair(normal, 0.01)],
            [Probe.Unperturbed, new Probe(sign, 0.01)],
            [new Probe(sphere, 0.02), Probe.Pair(scaled, 0.01)],
        ];
    }

    /// <summary>Compares what an operation leaves in an activation, at all kinds of probes.</summary>
    internal static SelfTestCheck OfActivation(
        string name, double allowed, DType type, (string Name, long[] Shape)[] tensors,
        Func<IPass, ParameterSet, Activation> compute) =>
        OfNumbers(name, allowed, type, tensors, (pass, set, probes) =>
        {
            var y = compute(pass, set);
            double[] values = new double[probes * y.Tokens * y.Features];
            float[] read = new float[y.Tokens * y.Features];
            for (int probe = 0; probe < probes; probe++)
            {
                pass.Read(y, probe, read);
                Array.ConvertAll(read, v => (double)v).CopyTo(values, probe * read.Length);
            }

            return values;
        });

    /// <summary>Compares numbers that a pass gives, at all kinds of probes.</summary>
    internal static SelfTestCheck OfNumbers(
        string name, double allowed, DType type, (string Name, long[] Shape)[] tensors,
        Func<IPass, ParameterSet, int, double[]> compute)
    {
        return Compare($"{name}, {type.TorchName()}", allowed, backend =>
        {
            using var set = RandomWeights.Create(type, tensors);
            var batch = Batch();
            backend.Load(set);
            var results = new List<double[]>();
            foreach (var probes in Probes(set))
            {
                results.Add(compute(backend.Begin(batch, probes), set, ProbePoints.Count(probes)));
            }

            return results;
        });
    }

    /// <summary>The bytes of all weights.</summary>
    internal static unsafe double[] Bits(ParameterSet set) =>
        [.. set.All.SelectMany(p => Array.ConvertAll(new ReadOnlySpan<byte>(p.Data, checked((int)p.ByteCount)).ToArray(), b => (double)b))];

    /// <summary>The largest difference of two lists of numbers, relative to the largest number where that is above 1.</summary>
    internal static double Difference(IReadOnlyList<double> expected, IReadOnlyList<double> actual)
    {
        double difference = 0;
        double scale = 1;
        for (int i = 0; i < expected.Count; i++)
        {
            difference = Larger(difference, Math.Abs(expected[i] - actual[i]));
            scale = Math.Max(scale, Math.Abs(expected[i]));
        }

        return difference / scale;
    }

    // The larger one, or what is not a number.
    private static double Larger(double a, double b) => a >= b || double.IsNaN(a) ? a : b;
}
