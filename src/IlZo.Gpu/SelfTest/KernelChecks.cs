using IlZo.Backends;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.SelfTest;

/// <summary>
/// Every kernel against the CPU engine, for shapes that are no multiples of anything. Noise, looked-up rows and updates must have the same
/// bits; the rest differs by the order of sums.
/// </summary>
public static class KernelChecks
{
    private const int Hidden = 70;
    private const int Inner = 37;
    private const int Vocabulary = 333;

    // Features of queries (6 heads of 10), keys and values (2 heads each).
    private const int Heads = 100;

    private static readonly (string Name, long[] Shape)[] s_tensors =
    [
        ("e", [9, Hidden]), ("p", [9, Hidden]), ("w", [Inner, Hidden]), ("b", [Inner]), ("v", [Hidden, Inner]), ("n", [Hidden]),
        ("m", [Hidden]),
        ("h", [Vocabulary, Hidden]), ("o", [Vocabulary]), ("q", [Heads, Hidden]), ("r", [10]), ("t", [Hidden, Heads]), ("x", [3, 20]),
        ("z", [3, 20]),
    ];

    private static readonly GaussianDirection s_direction = new(new NoiseKey(5, NoiseStream.Direction, 1, 0));

    private static readonly DType[] s_types = [DType.F32, DType.F16, DType.BF16];

    /// <summary>The checks of products.</summary>
    public static IReadOnlyList<SelfTestCheck> Products { get; } = [.. s_types.SelectMany(ProductsOf)];

    /// <summary>All checks.</summary>
    public static IReadOnlyList<SelfTestCheck> All { get; } =
    [
        .. Products,
        .. s_types.SelectMany(Of),
        .. Enum.GetValues<ActivationFunction>().Select(Activation),
        Compare("attention to both sides", DType.F32, 1e-5, BothSides),
        Compare("attention to a cache", DType.F32, 1e-5, Cached),
        Exact("update by sgd", s => new Sgd(weightDecay: 0.1)),
        Exact("update by momentum", s => new Momentum(s.All, 0.9, 0.1)),
        Exact("update by momentum of matrices", s => new Momentum(s.All.Where(p => p.Shape.Count == 2), 0.9, 0)),
        Exact("update by adam", s => new Adam(s.All, 0.9, 0.999, 1e-8, 0.1)),
        Exact("update by r-adazo", s => new RAdaZo(new OptimizerSettings(s))),
        Exact("update of averages", s => new VectorAverage(s.All.Where(p => p.Shape.Count == 1), 0.1) { Keep = 0.9 }),
        Exact("update by averaged iterates", s => new AveragedIterate(new OptimizerSettings(s)) { Step = 3 }),
        Exact(
            "update by a scaling diagonal", s => new DiagonalScaling(new OptimizerSettings(s), 0.05) { Coefficient = 0.5, Curvature = 3 }),
        .. DirectionChecks.All,
        .. BlockChecks.All,
    ];

    private static IEnumerable<SelfTestCheck> ProductsOf(DType type) =>
    [
        SelfTestCheck.OfActivation("products", 3e-6, type, s_tensors, (pass, set) =>
        {
            var x = Input(pass, set);
            var y = pass.Rent(Inner);
            pass.Linear(x, set["w"], set["b"], y);
            pass.Linear(y, set["v"], null, x, accumulate: true);
            return x;
        }),
        SelfTestCheck.OfActivation("products with weights [in, out]", 3e-6, type, s_tensors, (pass, set) =>
        {
            var y = pass.Rent(Heads);
            pass.Linear(Input(pass, set), set["t"], null, y, layout: WeightLayout.InOut);
            return y;
        }),
        SelfTestCheck.OfNumbers("logits and losses", 3e-6, type, s_tensors, (pass, set, _) =>
        {
            var rows = pass.GatherOutputs(Input(pass, set));
            float[] logits = new float[pass.Batch.Outputs.Count * Vocabulary];
            var head = new OutputHead(set["h"], set["o"]);
            pass.Logits(rows, head, logits);
            (int, int)[] targets = [(0, 7), (3, 332), (3, 0), (4, 150)];
            double[][] losses = pass.LogProbabilities(rows, head, targets);
            float[] capped = new float[logits.Length];
            var cap = head with { SoftCap = 0.5f };
            pass.Logits(rows, cap, capped);
            return [.. logits, .. capped, .. losses.Concat(pass.LogProbabilities(rows, cap, targets)).SelectMany(l => l)];
        }),
    ];

    private static IEnumerable<SelfTestCheck> Of(DType type) =>
    [
        SelfTestCheck.OfActivation("noise and looked-up rows", 0, type, s_tensors, (pass, set) =>
        {
            var y = pass.Rent(Hidden);
            pass.Embed(set["e"], pass.Batch.Ids, y);
            pass.Embed(set["p"], pass.Batch.Positions, y, accumulate: true);
            return y;
        }),
        SelfTestCheck.OfActivation("norms and elementwise products", 1e-5, type, s_tensors, (pass, set) =>
        {
            var x = Input(pass, set);
            pass.LayerNorm(x, set["n"], set["m"], 1e-5f, x);
            var y = pass.Rent(Hidden);
            pass.RmsNorm(x, set["n"], 1e-6f, y);
            pass.LayerNorm(y, null, null, 1e-5f, x);
            pass.Multiply(x, y);
            pass.RmsNorm(x, set["m"], 1e-6f, y, offset: 1);
            pass.Apply(ActivationFunction.Silu, y);
            pass.Add(x, y);
            return x;
        }),
        SelfTestCheck.OfActivation("rotations and attention", 1e-5, type, s_tensors, (pass, set) => Attend(pass, set)),
        SelfTestCheck.OfActivation(
            "attention to a window", 1e-5, type, s_tensors, (pass, set) => Attend(pass, set, window: 2)),
        SelfTestCheck.OfActivation(
            "rotations of parts of heads and capped attention", 1e-5, type, s_tensors,
            (pass, set) => Attend(pass, set, softCap: 20)),
        SelfTestCheck.OfActivation(
            "attention to a prefix", 1e-5, type, s_tensors,
            (pass, set) => Attend(pass, set, prefix: new(set["x"], set["z"]))),
    ];

    // Queries, keys and values are parts of one activation; norms of heads make attention far from uniform.
    private static Activation Attend(
        IPass pass, ParameterSet set, int? window = null, KeyValuePrefix? prefix = null, bool causal = true,
        float? softCap = null)
    {
        var all = pass.Rent(Heads);
        var q = pass.Slice(all, 0, 60);
        var k = pass.Slice(all, 60, 20);
        var y = pass.Rent(60);
        pass.Linear(Input(pass, set), set["q"], null, all);
        pass.RmsNorm(q, set["r"], 1e-6f, q);
        pass.RmsNorm(k, set["r"], 1e-6f, k);
        int shift = prefix?.Keys.Rows ?? 0;
        var frequencies = new Frequencies(isPartial: softCap is not null);
        pass.Rotate(q, 6, frequencies, shift);
        pass.Rotate(k, 2, frequencies, shift);
        pass.Scale(k, 1.5f);
        pass.Attention(q, k, pass.Slice(all, 80, 20), y, new AttentionShape(6, 2, 10, 10, causal, window, softCap), 0, prefix);
        return y;
    }

    // As in an encoder, whose texts are whole.
    private static double[] BothSides(IBackend backend, ParameterSet set)
    {
        var builder = new TokenBatchBuilder();
        builder.AddText([4, 8, 0, 4, 1]);
        builder.AddText([7, 2, 3]);
        var batch = builder.Build();
        var pass = backend.Begin(batch, [Probe.Pair(s_direction, 0.01)]);
        var y = Attend(pass, set, causal: false);
        return [.. Read(pass, y, 0), .. Read(pass, y, 1)];
    }

    // A text in parts; the keys and values of the parts before are kept.
    private static double[] Cached(IBackend backend, ParameterSet set)
    {
        int[] ids = [4, 8, 0, 4, 1, 2, 3, 6];
        using var cache = backend.CreateCache(1, 20, ids.Length);
        var results = new List<double>();
        int position = 0;
        foreach (int length in (int[])[4, 1, 3])
        {
            var builder = new TokenBatchBuilder();
            builder.AddText(ids.AsSpan(position, length), position);
            var batch = builder.Build();
            var pass = backend.Begin(batch, [Probe.Unperturbed], cache);
            results.AddRange(Read(pass, Attend(pass, set), 0));
            position += length;
        }

        return [.. results];
    }

    // Only the bias is perturbed, and all else has 8 bits: products are exact whatever computes them. Radius 100 takes sums to where
    // exponentials overflow.
    private static SelfTestCheck Activation(ActivationFunction function)
    {
        return Compare($"activation {function}", DType.BF16, 2e-6, Compute(0.1), Compute(3), Compute(100));

        Func<IBackend, ParameterSet, double[]> Compute(double radius) => (backend, set) =>
        {
            var batch = SelfTestCheck.Batch();
            var direction = new ScaledDirection(s_direction, [.. set.All.Select(p => p == set["b"] ? 1f : 0)]);
            var pass = backend.Begin(batch, [new Probe(direction, radius)]);
            var y = pass.Rent(Inner);
            pass.Linear(Input(pass, set), set["w"], set["b"], y, activation: function);
            return Read(pass, y, 0);
        };
    }

    private static SelfTestCheck Compare(
        string name, DType type, double allowed, params IReadOnlyList<Func<IBackend, ParameterSet, double[]>> computations) =>
        SelfTestCheck.Compare(name, allowed, backend =>
        {
            using var set = RandomWeights.Create(type, s_tensors);
            backend.Load(set);
            return [.. computations.Select(compute => compute(backend, set))];
        });

    private static double[] Read(IPass pass, Activation x, int probe)
    {
        float[] values = new float[x.Tokens * x.Features];
        pass.Read(x, probe, values);
        return Array.ConvertAll(values, v => (double)v);
    }

    private static SelfTestCheck Exact(string name, Func<ParameterSet, UpdateRule> rule) => SelfTestCheck.Compare(name, 0, backend =>
    {
        var results = new List<double[]>();
        foreach (var type in s_types)
        {
            using var set = RandomWeights.Create(type, s_tensors);
            backend.Load(set);
            Update(set, backend, rule);
            backend.Store(set);
            results.Add(SelfTestCheck.Bits(set));
        }

        return results;
    });

    private static void Update(ParameterSet set, IBackend backend, Func<ParameterSet, UpdateRule> create)
    {
        using var rule = create(set);
        for (uint step = 1; step <= 3; step++)
        {
            var first = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, step, 0));
            var second = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, step, 1));
            rule.Advance();
            backend.Update(
                set.All, new GradientEstimate([(1.5, first), (-0.25, second)]), rule, 1e-2,
                new NoiseKey(4, NoiseStream.StochasticRounding, step, 0));
        }
    }

    private static Activation Input(IPass pass, ParameterSet set)
    {
        var x = pass.Rent(Hidden);
        pass.Embed(set["e"], pass.Batch.Ids, x);
        return x;
    }

    private sealed class Frequencies(bool isPartial) : IRotaryFrequencies
    {
        private readonly float[] _slow = [1, 0.5f, 0.25f, 0.1f];

        public int Pairs => isPartial ? _slow.Length : _slow.Length + 1;

        public float AttentionFactor => 0.9f;

        public IReadOnlyList<float> ForLength(int textLength) => isPartial ? _slow : [.. _slow, 0.01f * textLength];
    }
}
