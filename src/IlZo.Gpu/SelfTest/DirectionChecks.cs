using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.SelfTest;

/// <summary>Directions of every kind against the CPU engine: looked-up rows, sums and updates must have the same bits.</summary>
internal static class DirectionChecks
{
    private const int Hidden = 70;

    private static readonly (string Name, long[] Shape)[] s_tensors =
        [("e", [9, Hidden]), ("w", [37, Hidden]), ("b", [37]), ("v", [Hidden, 130]), ("z", [1, 1])];

    private static readonly double[] s_radii = [0.02, -0.01, 0.5];

    /// <summary>The checks.</summary>
    public static IReadOnlyList<SelfTestCheck> All { get; } =
    [
        .. ((DType[])[DType.F32, DType.F16, DType.BF16]).Select(t => Check("looked-up rows along directions of every kind", 0, t, Rows)),
        Check("products along directions of every kind", 3e-6, DType.F16, Products),
        Check("sums over directions of every kind", 0, DType.F16, Sums),
        Check("updates along directions of every kind", 0, DType.F16, Updates),
    ];

    private static SelfTestCheck Check(
        string name, double allowed, DType type, Func<IBackend, ParameterSet, Direction, IEnumerable<double>> compute)
    {
        return SelfTestCheck.Compare($"{name}, {type.TorchName()}", allowed, backend =>
        {
            using var set = RandomWeights.Create(type, s_tensors);
            backend.Load(set);
            using var samples = new SampleDirections(set, backend);
            return [[.. samples.All.SelectMany(s => compute(backend, set, s.Direction))]];
        });
    }

    private static IEnumerable<double> Rows(IBackend backend, ParameterSet set, Direction direction)
    {
        var pass = Begin(backend, direction);
        var y = pass.Rent(Hidden);
        pass.Embed(set["e"], SelfTestCheck.Batch().Ids, y);
        return Read(pass, y, s_radii.Length);
    }

    private static IEnumerable<double> Products(IBackend backend, ParameterSet set, Direction direction)
    {
        var pass = Begin(backend, direction);
        var x = pass.Rent(Hidden);
        var y = pass.Rent(37);
        pass.Embed(set["e"], SelfTestCheck.Batch().Ids, x);
        pass.Linear(x, set["w"], set["b"], y);
        var z = pass.Rent(130);
        pass.Linear(x, set["v"], null, z, layout: WeightLayout.InOut);
        return [.. Read(pass, y, s_radii.Length), .. Read(pass, z, s_radii.Length)];
    }

    private static IEnumerable<double> Sums(IBackend backend, ParameterSet set, Direction direction)
    {
        float[][] vectors = [.. set.All.Select(p => Enumerable.Range(0, p.Columns).Select(i => 1f / (i + 1 + p.Id)).ToArray())];
        var products = backend.Multiply(set.All, direction, vectors, weighted: true).Concat(
            backend.Multiply(set.All, direction, vectors, weighted: false));
        return [.. backend.RowSquares(set.All, direction).SelectMany(s => s), .. products.SelectMany(
            p => p.Dots.Concat(p.Sum.Select(s => (double)s)))];
    }

    private static IEnumerable<double> Updates(IBackend backend, ParameterSet set, Direction direction)
    {
        using var rule = new Sgd();
        backend.Update(
            set.All, new GradientEstimate([(0.5, direction)]), rule, 0.01, new NoiseKey(4, NoiseStream.StochasticRounding, 3, 0));
        return [.. set.All.SelectMany(p => Stored(backend, p))];
    }

    // The weights, as the device has them.
    private static IEnumerable<double> Stored(IBackend backend, Parameter p)
    {
        var batch = new TokenBatchBuilder();
        batch.AddText([.. Enumerable.Repeat(0, p.Rows)]);
        var pass = backend.Begin(batch.Build(), [Probe.Unperturbed]);
        var y = pass.Rent(p.Columns);
        pass.Embed(p, [.. Enumerable.Range(0, p.Rows)], y);
        return Read(pass, y, 1);
    }

    private static IPass Begin(IBackend backend, Direction direction) =>
        backend.Begin(SelfTestCheck.Batch(), [.. s_radii.Select(r => new Probe(direction, r))]);

    private static IEnumerable<double> Read(IPass pass, Activation y, int probes)
    {
        float[] read = new float[y.Tokens * y.Features];
        for (int probe = 0; probe < probes; probe++)
        {
            pass.Read(y, probe, read);
            foreach (float value in read)
            {
                yield return value;
            }
        }
    }
}
