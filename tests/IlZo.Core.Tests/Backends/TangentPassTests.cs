using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Values and tangents of each operation of a pass in forward mode against their definition in fp64.</summary>
public sealed class TangentPassTests : IDisposable
{
    private const int Tokens = 45;

    private static readonly Dictionary<ActivationFunction, Func<double, double>> s_functions = new()
    {
        [ActivationFunction.Relu] = x => Math.Max(x, 0),
        [ActivationFunction.Gelu] = x => 0.5 * x * ErrorFunction.Erfc(-x / Math.Sqrt(2)),
        [ActivationFunction.GeluTanh] =
            x => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        [ActivationFunction.Silu] = x => x / (1 + Math.Exp(-x)),
        [ActivationFunction.QuickGelu] = x => x / (1 + Math.Exp(-1.702 * x)),
        [ActivationFunction.Tanh] = Math.Tanh,
    };

    private readonly TangentTrial _trial = new();

    public static TheoryData<string> Functions => [.. Enum.GetNames<ActivationFunction>()];

    public void Dispose() => _trial.Dispose();

    [Fact]
    public void Rows_of_a_table_have_its_tangents_and_stored_ones_none()
    {
        var table = _trial.Tensor("t", 50, 70);
        var second = _trial.Tensor("s", 50, 70);
        var stored = _trial.Tensor("f", 50, 70, isTrained: false);
        int[] rows = [.. Enumerable.Range(0, Tokens).Select(i => (i * 7) % 50)];
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var y = pass.Rent(70);
        pass.Embed(stored, rows, y);
        TangentTrial.Check(pass, y, h => Rows(stored, h));
        pass.Embed(table, rows, y, accumulate: true);
        TangentTrial.Check(pass, y, h => Sum(Rows(stored, h), Rows(table, h)));
        pass.Embed(stored, rows, y, accumulate: true);
        pass.Embed(second, rows, y, accumulate: true);
        TangentTrial.Check(pass, y, h => Sum(Sum(Rows(stored, h), Rows(stored, h)), Sum(Rows(table, h), Rows(second, h))));

        double[] Rows(Parameter t, double h)
        {
            double[] all = _trial.At(t, h);
            return [.. rows.SelectMany(row => all.AsSpan(row * 70, 70).ToArray())];
        }
    }

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(true, true, false, false)]
    [InlineData(true, false, true, true)]
    [InlineData(true, false, false, true)]
    [InlineData(false, true, true, true)]
    [InlineData(false, false, true, false)]
    [InlineData(false, true, false, true)]
    public void A_linear_layer_has_a_product_rule(bool outputsAreRows, bool input, bool weight, bool bias)
    {
        var layout = outputsAreRows ? WeightLayout.OutIn : WeightLayout.InOut;

        // Inputs beyond a slice, outputs beyond a block.
        const int inputs = 500;
        const int outputs = 210;

        // Of sums of a thousand products, rounded one after the other.
        const double tolerance = 1e-5;
        var x = _trial.Tensor("x", Tokens, inputs, isTrained: input);
        var w = layout == WeightLayout.OutIn
            ? _trial.Tensor("w", outputs, inputs, isTrained: weight)
            : _trial.Tensor("w", inputs, outputs, isTrained: weight);
        var b = _trial.Tensor("b", 1, outputs, isTrained: bias);
        var before = _trial.Tensor("y", Tokens, outputs);
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var from = TangentTrial.Load(pass, x);
        var y = pass.Rent(outputs);
        pass.Linear(from, w, b, y, layout: layout);
        TangentTrial.Check(pass, y, h => Product(h, null), tolerance);
        pass.Linear(from, w, null, y, layout: layout);
        TangentTrial.Check(pass, y, h => Sum(Product(h, null), Repeated(b, h), -1), tolerance);
        var sum = TangentTrial.Load(pass, before);
        pass.Linear(from, w, b, sum, accumulate: true, ActivationFunction.Silu, layout);
        TangentTrial.Check(pass, sum, h => [.. Product(h, before).Select(s_functions[ActivationFunction.Silu])], tolerance);

        double[] Repeated(Parameter vector, double h) =>
            [.. Enumerable.Range(0, Tokens).SelectMany(_ => _trial.At(vector, h))];

        double[] Product(double h, Parameter? added)
        {
            double[] xs = _trial.At(x, h), ws = _trial.At(w, h), bs = _trial.At(b, h);
            double[] result = added is null ? new double[Tokens * outputs] : _trial.At(added, h);
            for (int t = 0; t < Tokens; t++)
            {
                for (int o = 0; o < outputs; o++)
                {
                    double dot = bs[o];
                    for (int i = 0; i < inputs; i++)
                    {
                        dot += xs[(t * inputs) + i] * ws[layout == WeightLayout.OutIn ? (o * inputs) + i : (i * outputs) + o];
                    }

                    result[(t * outputs) + o] += dot;
                }
            }

            return result;
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Norms_have_tangents_of_inputs_weights_and_biases(bool input, bool weight)
    {
        const int features = 70;
        var x = _trial.Tensor("x", Tokens, features, 0.5f, input);
        var w = _trial.Tensor("w", 1, features, 1, weight);
        var b = _trial.Tensor("b", 1, features, isTrained: weight);
        var head = _trial.Tensor("h", 1, features / 5, 1, weight);
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var from = TangentTrial.Load(pass, x);
        var y = pass.Rent(features);
        pass.LayerNorm(from, w, b, 0.1f, y);
        TangentTrial.Check(pass, y, h => Normalized(h, features, w, b, 0, center: true));
        pass.LayerNorm(from, null, null, 0.1f, y);
        TangentTrial.Check(pass, y, h => Normalized(h, features, null, null, 0, center: true));
        pass.RmsNorm(from, w, 0.1f, y, 1);
        TangentTrial.Check(pass, y, h => Normalized(h, features, w, null, 1, center: false));
        pass.RmsNorm(from, head, 0.1f, y);
        TangentTrial.Check(pass, y, h => Normalized(h, features / 5, head, null, 0, center: false));
        pass.LayerNorm(from, w, b, 0.1f, from);
        TangentTrial.Check(pass, from, h => Normalized(h, features, w, b, 0, center: true));

        double[] Normalized(double h, int size, Parameter? weights, Parameter? biases, double offset, bool center)
        {
            double[] xs = _trial.At(x, h);
            double[] ws = weights is null ? [] : _trial.At(weights, h);
            double[] bs = biases is null ? [] : _trial.At(biases, h);
            double[] result = new double[xs.Length];
            for (int first = 0; first < xs.Length; first += size)
            {
                double[] part = xs[first..(first + size)];
                double mean = center ? part.Average() : 0;
                double scale = 1 / Math.Sqrt(part.Average(v => (v - mean) * (v - mean)) + 0.1f);
                for (int i = 0; i < size; i++)
                {
                    double value = (part[i] - mean) * scale;
                    value = weights is null ? value : value * (ws[i] + offset);
                    result[first + i] = biases is null ? value : value + bs[i];
                }
            }

            return result;
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Nonlinearities_have_the_chain_rule(string name)
    {
        var function = Enum.Parse<ActivationFunction>(name);
        var x = _trial.Tensor("x", Tokens, 33);
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var y = TangentTrial.Load(pass, x);
        pass.Scale(y, 3);
        pass.Apply(function, y);

        // A difference that reaches across a kink is none: there it is that of the branch which is taken.
        double[] at = _trial.At(x, 0);
        TangentTrial.Check(pass, y, h => [.. _trial.At(x, h).Select((v, i) => Of(3 * v, at[i] > 0))], 4e-6);

        double Of(double v, bool isPositive) =>
            function != ActivationFunction.Relu ? s_functions[function](v) : isPositive ? v : 0;
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Sums_products_and_multiples_have_theirs(bool first, bool second)
    {
        var a = _trial.Tensor("a", Tokens, 33, isTrained: first);
        var b = _trial.Tensor("b", Tokens, 33, isTrained: second);
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var x = TangentTrial.Load(pass, a);
        var y = TangentTrial.Load(pass, b);
        pass.Add(x, y);
        TangentTrial.Check(pass, x, h => Sum(_trial.At(a, h), _trial.At(b, h)));
        pass.Multiply(x, y);
        TangentTrial.Check(pass, x, Product);
        pass.Scale(x, -2.5f);
        TangentTrial.Check(pass, x, h => [.. Product(h).Select(v => -2.5 * v)]);
        var slice = pass.Slice(x, 5, 7);
        pass.Add(slice, pass.Slice(y, 20, 7));
        TangentTrial.Check(pass, slice, h => [.. Product(h).Select(v => -2.5 * v).Zip(
            _trial.At(b, h).Skip(15).Concat(new double[15]), (p, q) => p + q).Where((_, i) => i % 33 is >= 5 and < 12)]);

        double[] Product(double h) => [.. Sum(_trial.At(a, h), _trial.At(b, h)).Zip(_trial.At(b, h), (p, q) => p * q)];
    }

    [Fact]
    public void Rotations_turn_tangents_as_values()
    {
        var x = _trial.Tensor("x", Tokens, 2 * 10);
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var y = TangentTrial.Load(pass, x);
        pass.Rotate(y, 2, new Frequencies(), 3);
        TangentTrial.Check(pass, y, h =>
        {
            double[] v = _trial.At(x, h);
            for (int t = 0; t < Tokens; t++)
            {
                for (int head = 0; head < 2; head++)
                {
                    for (int i = 0; i < 4; i++)
                    {
                        int at = (t * 20) + (head * 10) + i;
                        double angle = (float)((t + 3) * Frequencies.Of(i));
                        (v[at], v[at + 4]) = (
                            (v[at] * Math.Cos(angle)) - (v[at + 4] * Math.Sin(angle)),
                            (v[at + 4] * Math.Cos(angle)) + (v[at] * Math.Sin(angle)));
                    }
                }
            }

            return v;
        });
    }

    [Theory]
    [InlineData(true, null, null, 0, true, true, true)]
    [InlineData(false, null, null, 0, true, true, true)]
    [InlineData(true, 20, null, 0, true, true, true)]
    [InlineData(true, 7, 0.7f, 3, true, true, true)]
    [InlineData(true, null, 1.5f, 0, true, true, true)]
    [InlineData(false, null, null, 6, true, true, true)]
    [InlineData(true, null, null, 5, true, false, false)]
    [InlineData(true, null, null, 5, false, true, false)]
    [InlineData(true, null, null, 5, false, false, true)]
    [InlineData(true, null, null, 5, false, false, false)]
    public void Attention_has_those_of_queries_keys_values_and_a_prefix(
        bool causal, int? window, float? cap, int prefix, bool queries, bool keys, bool values)
    {
        const int tokens = 75;
        const int heads = 4;
        const int size = 6;
        var shape = new AttentionShape(heads, 2, size, 0.6f, causal, window, cap);
        var q = _trial.Tensor("q", tokens, heads * size, isTrained: queries);
        var k = _trial.Tensor("k", tokens, 2 * size, isTrained: keys);
        var v = _trial.Tensor("v", tokens, 2 * size, isTrained: values);
        var before = prefix == 0 ? null : new KeyValuePrefix(
            _trial.Tensor("pk", prefix, 2 * size), _trial.Tensor("pv", prefix, 2 * size, isTrained: keys));
        var pass = _trial.Begin(TangentTrial.Text(tokens));
        var y = pass.Rent(heads * size);
        pass.Attention(TangentTrial.Load(pass, q), TangentTrial.Load(pass, k), TangentTrial.Load(pass, v), y, shape, 0, before);
        TangentTrial.Check(pass, y, Mixed, 5e-6);

        double[] Mixed(double h)
        {
            double[] qs = _trial.At(q, h);
            double[] ks = [.. before is null ? [] : _trial.At(before.Keys, h), .. _trial.At(k, h)];
            double[] vs = [.. before is null ? [] : _trial.At(before.Values, h), .. _trial.At(v, h)];
            double[] result = new double[qs.Length];
            for (int t = 0; t < tokens; t++)
            {
                for (int head = 0; head < heads; head++)
                {
                    int[] seen = [.. Enumerable.Range(0, prefix + tokens).Where(
                        key => key < prefix || ((!causal || key - prefix <= t) && (window is null || key - prefix > t - window)))];
                    double[] weights = [.. seen.Select(key => Math.Exp(Capped(Score(t, head, key))))];
                    for (int i = 0; i < size; i++)
                    {
                        result[(t * heads * size) + (head * size) + i] =
                            seen.Select((key, n) => weights[n] * vs[(((key * 2) + (head / 2)) * size) + i]).Sum() / weights.Sum();
                    }
                }
            }

            return result;

            double Score(int t, int head, int key) => 0.6f * Enumerable.Range(0, size).Sum(
                i => qs[(((t * heads) + head) * size) + i] * ks[(((key * 2) + (head / 2)) * size) + i]);
            double Capped(double score) => cap is { } c ? c * Math.Tanh(score / c) : score;
        }
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(true, false, null)]
    [InlineData(false, true, null)]
    [InlineData(true, true, 2f)]
    [InlineData(false, false, null)]
    public void Log_probabilities_have_those_of_states_weights_and_biases(bool states, bool weights, float? cap)
    {
        // More rows than a block has.
        const int rows = 450;
        const int features = 20;
        var x = _trial.Tensor("x", Tokens, features, isTrained: states);
        var w = _trial.Tensor("w", rows, features, isTrained: weights);
        var b = _trial.Tensor("b", 1, rows, isTrained: weights);
        (int Output, int Id)[] targets = [(0, 3), (1, 449), (44, 191), (44, 192), (20, 300)];
        var pass = _trial.Begin(TangentTrial.Text(Tokens));
        var read = pass.GatherOutputs(TangentTrial.Load(pass, x));
        double[][] found = pass.LogProbabilities(read, new OutputHead(w, b, cap), targets);
        TangentTrial.Check(found[0], found[1], h =>
        {
            double[] xs = _trial.At(x, h), ws = _trial.At(w, h), bs = _trial.At(b, h);
            return [.. targets.Select(target =>
            {
                double[] logits = [.. Enumerable.Range(0, rows).Select(row => bs[row] + Enumerable.Range(0, features).Sum(
                    i => xs[(target.Output * features) + i] * ws[(row * features) + i]))];
                logits = cap is { } c ? [.. logits.Select(z => c * Math.Tanh(z / c))] : logits;
                return logits[target.Id] - Math.Log(logits.Sum(Math.Exp));
            })];
        });
    }

    [Fact]
    public void Other_engines_and_passes_refuse()
    {
        var batch = TangentTrial.Text(2);
        var probe = Probe.Derivative(_trial.Direction);
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: true));
        using var other = new CpuBackend(1, new BFloat16Products(kernel));
        Assert.Contains(
            $"A derivative is asked for, which {other.Engine} does not compute;",
            Assert.Throws<InvalidInputException>(() => other.Begin(batch, [probe])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _trial.Backend.Begin(batch, [probe, Probe.Unperturbed]));
        Assert.Throws<ArgumentException>(() => _trial.Backend.Begin(batch, [Probe.Unperturbed, probe]));
        using var cache = _trial.Backend.CreateCache(1, 2, 2);
        Assert.Throws<ArgumentException>(() => _trial.Backend.Begin(batch, [probe], cache));
        Assert.Throws<ArgumentException>(() => ProbePoints.Each([probe]).ToArray());
    }

    private static double[] Sum(double[] a, double[] b, double factor = 1) => [.. a.Zip(b, (x, y) => x + (factor * y))];

    private sealed class Frequencies : IRotaryFrequencies
    {
        public int Pairs => 4;

        public float AttentionFactor => 1;

        public static float Of(int pair) => 0.3f / (1 + pair);

        public IReadOnlyList<float> ForLength(int textLength) => [.. Enumerable.Range(0, 4).Select(Of)];
    }
}
